// ingest --write-mode group, from outside: what clients are told agrees with the table.
#include "tests/backend/ingest_fixture.hpp"
#include "tests/backend/ingest_load.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {

namespace {

constexpr std::size_t together = 50;

class ingest_group : public ingest_fixture {
protected:
    /// One statement for `together` requests, however slowly they come.
    void start_waiting_for_all() {
        start({"--write-mode", "group", "--group-rows", std::to_string(together), "--group-wait", "20s",
               "--request-timeout", "60s", "--threads", "1", "--pool", "2"});
    }

    static finished_process call(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), built_program("ingest"));
        return run({.arguments = std::move(arguments)});
    }
};

} // namespace

TEST_F(ingest_group, stores_what_came_together_in_one_transaction) {
    start_waiting_for_all();
    const auto statuses = post_together(std::vector<std::string>(together, "2.1.5"));
    EXPECT_EQ(std::ranges::count(statuses, 201), together);
    EXPECT_EQ(rows(), together);
    EXPECT_EQ(postgres.value("SELECT count(DISTINCT xmin::text) FROM device"), "1");
    EXPECT_EQ(postgres.value("SELECT count(*) FROM device WHERE created_at = updated_at AND "
                             "abs(extract(epoch from now() - created_at)) < 60"),
              std::to_string(together));
    EXPECT_EQ(metric("beastmark_group_rows_count"), 1);
    EXPECT_EQ(metric("beastmark_group_rows_sum"), together);
    EXPECT_EQ(metric("db_client_operation_duration_seconds_count", {{"db_operation_name", "INSERT"}}),
              together);
}

TEST_F(ingest_group, a_refused_row_harms_only_itself) {
    start_waiting_for_all();
    postgres.query("ALTER TABLE device ADD CHECK (firmware <> 'refused')");
    std::vector<std::string> firmwares(together, "fine");
    firmwares[20] = "refused";
    const auto statuses = post_together(firmwares);
    for (std::size_t i = 0; i < together; ++i)
        EXPECT_EQ(statuses[i], i == 20 ? 500 : 201) << i;
    EXPECT_EQ(rows(), together - 1);
    EXPECT_EQ(postgres.count("(SELECT DISTINCT uuid FROM device) AS one"), rows());
}

TEST_F(ingest_group, sessions_terminated_under_load) {
    start({"--write-mode", "group"});
    ingest_load load(ingest->port(), 16);
    const auto more = [&](int by) {
        const auto before = load.so_far().count(201);
        return wait_until([&] { return load.so_far().count(201) > before + by; });
    };
    for (int round = 1; round <= 3; ++round) {
        ASSERT_TRUE(more(200)) << ingest->log();
        postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    }
    ASSERT_TRUE(more(200)) << ingest->log();
    expect_truthful(load.finish());
}

TEST_F(ingest_group, each_leaves_its_own_statements_alone) {
    start({"--max-queue-time", "20s", "--request-timeout", "20s"});
    const auto statuses = post_together(std::vector<std::string>(together, "2.1.5"));
    EXPECT_EQ(std::ranges::count(statuses, 201), together);
    EXPECT_EQ(postgres.value("SELECT count(DISTINCT xmin::text) FROM device"), std::to_string(together));
    EXPECT_EQ(metric("beastmark_group_rows_count"), 0);
}

TEST_F(ingest_group, its_options_without_it_are_a_mistake) {
    for (const auto& [option, value] : {std::pair{"--group-rows", "10"}, std::pair{"--group-wait", "10ms"}}) {
        const auto finished = call({option, value});
        EXPECT_EQ(finished.status, (exit_status{2, 0})) << finished.err;
        EXPECT_THAT(finished.err, ::testing::HasSubstr(option));
        EXPECT_THAT(finished.err, ::testing::HasSubstr("--write-mode group"));
    }
    EXPECT_EQ(call({"--write-mode", "none"}).status, (exit_status{2, 0}));
    EXPECT_EQ(call({"--write-mode", "group", "--group-rows", "0"}).status, (exit_status{2, 0}));
}

} // namespace beastmark::testing
