// Rows that make one statement, on a real server: each of them keeps its own outcome and its own id.
#include "tests/backend/postgres_pool_fixture.hpp"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

namespace beastmark::testing {
namespace {

class postgres_group : public postgres_pool {
protected:
    postgres_group() {
        options.connections = 1;
        options.group_statement = insert_devices;
        options.group_rows = 64;
    }

    void submit_many(int from, int count) {
        for (int i = from; i < from + count; ++i)
            submit(i);
    }

    // What was told of each row is what the table says.
    void expect_truth() {
        std::map<std::string, std::string> ids;
        for (const auto& row : cluster.query("select uuid, id from device"))
            EXPECT_TRUE(ids.emplace(row[0], row[1]).second) << row[0] << " is there twice";
        for (const auto& r : sent) {
            EXPECT_EQ(r.completions, 1) << r.uuid;
            if (!r.error) {
                EXPECT_EQ(ids[r.uuid], std::to_string(r.id)) << r.uuid;
            } else if (r.error != errc::outcome_unknown && r.error != errc::timed_out) {
                EXPECT_FALSE(ids.contains(r.uuid)) << r.uuid;
            }
        }
    }

    std::uint64_t statements() const { return metrics.group_rows.count(); }

    std::ptrdiff_t stored() const {
        return std::ranges::count_if(sent, [](const auto& r) { return !r.error; });
    }
};

TEST_F(postgres_group, rows_of_one_turn_leave_together) {
    start_and_wait();
    submit_many(0, 50);
    EXPECT_EQ(metrics.queued.value(), 50);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(statements(), 1);
    EXPECT_EQ(stored(), 50);
    EXPECT_EQ(metrics.wait_time.count(), 50);
    EXPECT_EQ(metrics.duration[0].count(), 50);
    EXPECT_EQ(metrics.queued.value(), 0);
    EXPECT_EQ(cluster.value("select count(distinct xmin::text) from device"), "1") << "one transaction";
    EXPECT_EQ(cluster.value("select count(*) from device where created_at = '2024-05-28T15:21:51.137Z' and "
                            "updated_at = created_at and mac = '00-00-00-00-00-00' and firmware = '1.0'"),
              "50");
    expect_truth();
}

TEST_F(postgres_group, each_of_many_thousand_rows_gets_its_own_id) {
    options.connections = 2;
    options.max_queued = 10'000;
    start_and_wait();
    submit_many(0, 5'000);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(stored(), 5'000);
    EXPECT_LT(statements(), 5'000 / 32);
    expect_truth();
}

TEST_F(postgres_group, more_than_may_wait_leave_while_a_connection_is_free) {
    options.connections = 3;
    options.group_rows = options.max_queued = 10;
    start_and_wait();
    submit_many(0, 30);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(stored(), 30);
    EXPECT_EQ(statements(), 3);
}

TEST_F(postgres_group, rows_wait_while_all_connections_are_busy_and_the_next_group_is_larger) {
    start_and_wait();
    {
        const table_lock lock(cluster);
        submit(0);
        ASSERT_TRUE(wait_for_blocked(1));
        for (int i = 1; i <= 20; ++i) {
            submit(i);
            loop.run_for(1ms);
        }
        EXPECT_EQ(statements(), 1);
    }
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(statements(), 2);
    EXPECT_EQ(stored(), 21);
    expect_truth();
}

TEST_F(postgres_group, a_connection_takes_as_many_groups_as_it_may) {
    options.group_depth = 2;
    options.group_rows = 3;
    start_and_wait();
    submit_many(0, 12);
    EXPECT_EQ(statements(), 2);
    EXPECT_EQ(metrics.queued.value(), 6);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(statements(), 4);
    expect_truth();
}

TEST_F(postgres_group, waits_for_more_rows_until_the_statement_is_full) {
    options.group_rows = 3;
    options.group_wait = patience;
    start_and_wait();
    submit_many(0, 2);
    loop.run_for(50ms);
    EXPECT_EQ(statements(), 0);
    submit(2);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(statements(), 1);
}

TEST_F(postgres_group, waits_for_more_rows_no_longer_than_it_may) {
    options.group_wait = 30ms;
    start_and_wait();
    const auto start = std::chrono::steady_clock::now();
    submit(0);
    ASSERT_TRUE(run_until_done());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
    EXPECT_EQ(stored(), 1);
}

TEST_F(postgres_group, a_bad_row_harms_only_itself) {
    cluster.query("alter table device add check (mac <> 'bad')");
    start_and_wait();
    for (int i = 0; i < 50; ++i)
        submit(i, i == 17 ? "bad" : "good");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(stored(), 49);
    EXPECT_EQ(sent[17].error, errc::refused);
    EXPECT_STREQ(sent[17].sqlstate.data(), "23514");
    EXPECT_EQ(cluster.count("device"), 49);
    EXPECT_EQ(statements(), 51) << "the group, then each row";
    EXPECT_EQ(metrics.wait_time.count(), 50);
    EXPECT_EQ(metrics.reconnects.value(), 0);
    expect_truth();
}

TEST_F(postgres_group, a_row_that_a_trigger_swallows_is_refused_it_alone) {
    cluster.query(
        "create function swallow() returns trigger language plpgsql as $$ begin return null; end $$");
    cluster.query("create trigger early before insert on device for each row when (new.mac = 'swallowed') "
                  "execute function swallow()");
    start_and_wait();
    for (int i = 0; i < 50; ++i)
        submit(i, i == 17 ? "swallowed" : "good");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(stored(), 49);
    EXPECT_EQ(sent[17].error, errc::refused);
    EXPECT_STREQ(sent[17].sqlstate.data(), "02000");
    EXPECT_EQ(statements(), 1);
    expect_truth();
}

TEST_F(postgres_group, a_constraint_that_fails_at_commit_refuses_the_row_to_blame) {
    cluster.query("alter table device add unique (mac) deferrable initially deferred");
    start_and_wait();
    for (int i = 0; i < 50; ++i)
        submit(i, i == 17 || i == 30 ? "twice" : std::to_string(i));
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(stored(), 49);
    EXPECT_FALSE(sent[17].error);
    EXPECT_EQ(sent[30].error, errc::refused);
    EXPECT_STREQ(sent[30].sqlstate.data(), "23505");
    EXPECT_EQ(cluster.count("device"), 49);
    expect_truth();
}

TEST_F(postgres_group, with_a_lost_link_all_is_unknown_and_never_sent_again) {
    start_and_wait();
    {
        const table_lock lock(cluster);
        submit_many(0, 10);
        ASSERT_TRUE(wait_for_blocked(1));
        cluster.query("select pg_terminate_backend(pid) from pg_stat_activity "
                      "where application_name = 'beastmark-ingest'");
        ASSERT_TRUE(run_until_done());
    }
    for (const auto& r : sent)
        EXPECT_EQ(r.error, errc::outcome_unknown);
    expect_working_again();
    EXPECT_EQ(cluster.value(
                  "select count(*) from device where uuid::text < '00000000-0000-4000-8000-000000000010'"),
              "0");
    expect_truth();
}

TEST_F(postgres_group, past_the_deadline_all_is_unknown) {
    options.timeout = 200ms;
    options.hard_limit = 60s;
    start_and_wait();
    {
        const table_lock lock(cluster);
        submit_many(0, 10);
        ASSERT_TRUE(run_until_done());
    }
    for (const auto& r : sent)
        EXPECT_EQ(r.error, errc::timed_out);
    expect_working_again();
    EXPECT_EQ(cluster.value("select count(*) > 1 and count(*) < 11 from device"), "f") << "all or none";
}

// Ids cannot be told apart then: no 201 may come of it.
TEST_F(postgres_group, a_uuid_that_nobody_sent_closes_the_connection_and_all_is_unknown) {
    options.group_statement.replace(options.group_statement.find("id, uuid"), 8, "id, gen_random_uuid()");
    start_and_wait();
    submit_many(0, 3);
    ASSERT_TRUE(run_until_done());
    for (const auto& r : sent)
        EXPECT_EQ(r.error, errc::outcome_unknown);
    EXPECT_TRUE(loop.run_until([&] { return metrics.reconnects.value() == 1; }));
}

TEST_F(postgres_group, no_connection_is_offered_before_both_statements_are_prepared) {
    options.group_statement = "insert into nowhere select";
    start();
    ASSERT_TRUE(wait_until([&] {
        loop.run_for(10ms);
        return cluster.log().find("nowhere") != std::string::npos;
    }));
    loop.run_for(50ms);
    EXPECT_FALSE(tested->ready());
}

TEST_F(postgres_group, stop_fails_what_is_left) {
    start_and_wait();
    const table_lock lock(cluster);
    submit_many(0, 5);
    ASSERT_TRUE(wait_for_blocked(1));
    submit_many(5, 3);
    tested->stop();
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(sent[i].error, i < 5 ? errc::outcome_unknown : errc::unavailable) << i;
    loop.run_for(10ms);
    expect_one_completion_each();
}

TEST_F(postgres_group, the_loop_may_outlive_the_pool) {
    start_and_wait();
    tested.reset();
    loop.on_tick([](auto) {});
    loop.run_for(10ms);
}

} // namespace
} // namespace beastmark::testing
