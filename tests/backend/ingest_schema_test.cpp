// --init-schema, passwords and a table that is missing.

#include "tests/backend/ingest_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

const std::string password = "s3cret word";

finished_process init_with(const postgres_cluster& cluster, std::vector<std::string> environment) {
    return run(
        {.arguments = {built_program("ingest"), "--init-schema", "--postgres", cluster.connection_string()},
         .environment = std::move(environment)});
}

void expect_one_clear_line(const finished_process& finished) {
    EXPECT_EQ(finished.status, (exit_status{1, 0}));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
}

class ingest_schema : public ingest_fixture {};

} // namespace

TEST_F(ingest_schema, makes_the_table_of_the_contract_once) {
    ASSERT_EQ(init_schema(postgres).status, (exit_status{0, 0}));
    EXPECT_EQ(postgres.query(
                  "SELECT column_name, data_type, is_nullable, is_identity FROM information_schema.columns "
                  "WHERE table_name = 'device' ORDER BY ordinal_position"),
              (postgres_rows{{"id", "bigint", "NO", "YES"},
                             {"uuid", "uuid", "NO", "NO"},
                             {"mac", "text", "NO", "NO"},
                             {"firmware", "text", "NO", "NO"},
                             {"created_at", "timestamp with time zone", "NO", "NO"},
                             {"updated_at", "timestamp with time zone", "NO", "NO"}}));
    postgres.query("INSERT INTO device(uuid, mac, firmware, created_at, updated_at) "
                   "VALUES (gen_random_uuid(), 'm', 'f', now(), now())");
    const auto again = init_schema(postgres);
    EXPECT_EQ(again.status, (exit_status{0, 0})) << again.err;
    EXPECT_EQ(rows(), 1);
}

TEST_F(ingest_schema, two_at_once_do_not_quarrel) {
    std::vector<process> several;
    for (int i = 0; i < 4; ++i)
        several.emplace_back(process_options{.arguments = {built_program("ingest"), "--init-schema",
                                                           "--postgres", postgres.connection_string()}});
    for (auto& one : several)
        EXPECT_EQ(one.wait(), (exit_status{0, 0})) << one.err();
}

TEST_F(ingest_schema, is_one_clear_line_when_the_database_is_away) {
    postgres.stop();
    const auto finished = init_schema(postgres);
    expect_one_clear_line(finished);
    EXPECT_THAT(finished.err, HasSubstr(std::to_string(postgres.port())));
}

TEST_F(ingest_schema, is_one_clear_line_when_the_connection_string_is_nonsense) {
    const auto finished =
        run({.arguments = {built_program("ingest"), "--init-schema", "--postgres", "nonsense"}});
    EXPECT_THAT(finished.status.code, ::testing::AnyOf(1, 2));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    const auto serving = run({.arguments = {built_program("ingest"), "--postgres", "nonsense"}});
    EXPECT_THAT(serving.status.code, ::testing::AnyOf(1, 2));
    EXPECT_EQ(std::count(serving.err.begin(), serving.err.end(), '\n'), 1) << serving.err;
}

TEST_F(ingest_schema, a_table_that_is_missing_is_waited_for) {
    start_service({}, false);
    EXPECT_TRUE(wait_until([&] { return ingest->log().find("device") != std::string::npos; }))
        << "the log does not say what is missing: " << ingest->log();
    EXPECT_FALSE(ingest->ready());
    EXPECT_EQ(post().status, 503);
    ASSERT_EQ(init_schema(postgres).status, (exit_status{0, 0}));
    EXPECT_TRUE(wait_until([&] { return ingest->ready(); })) << ingest->log();
    EXPECT_EQ(post().status, 201);
}

class ingest_password : public ::testing::Test {
protected:
    postgres_cluster cluster{{.password = password}};
    memcached_server memcached;

    void expect_serves(std::vector<std::string> environment) {
        service running(
            {.program = "ingest",
             .arguments = {"--postgres", cluster.connection_string(), "--memcached", memcached.address()},
             .environment = std::move(environment)});
        const auto response = fetch(running.port(), "POST", "/api/devices",
                                    R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})");
        EXPECT_EQ(response.status, 201) << response.body;
        EXPECT_THAT(running.log(), ::testing::Not(HasSubstr(password)));
    }
};

TEST_F(ingest_password, by_environment) {
    const std::vector<std::string> environment = {"PGPASSWORD=" + password};
    EXPECT_EQ(init_with(cluster, environment).status, (exit_status{0, 0}));
    expect_serves(environment);
}

TEST_F(ingest_password, by_file) {
    const temporary_directory directory;
    const auto file = directory.path() / "pgpass";
    std::ofstream(file) << "127.0.0.1:" << cluster.port() << ":postgres:postgres:" << password << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    const std::vector<std::string> environment = {"PGPASSFILE=" + file.string(), "PGPASSWORD"};
    EXPECT_EQ(init_with(cluster, environment).status, (exit_status{0, 0}));
    expect_serves(environment);
}

TEST_F(ingest_password, wrong_is_said_and_not_ready) {
    const std::vector<std::string> environment = {"PGPASSWORD=wr0ng-word", "PGPASSFILE=/dev/null"};
    const auto finished = init_with(cluster, environment);
    expect_one_clear_line(finished);
    EXPECT_THAT(finished.err, HasSubstr("password"));
    EXPECT_THAT(finished.err, ::testing::Not(HasSubstr("wr0ng-word")));

    service running(
        {.program = "ingest",
         .arguments = {"--postgres", cluster.connection_string(), "--memcached", memcached.address()},
         .environment = environment,
         .wait_until_ready = false});
    EXPECT_TRUE(wait_until([&] { return running.log().find("password") != std::string::npos; }))
        << running.log();
    EXPECT_FALSE(running.ready());
    EXPECT_THAT(running.log(), ::testing::Not(HasSubstr("wr0ng-word")));
}

} // namespace beastmark::testing
