// The PostgreSQL pool against a real server that works: every outcome told from the others.
#include "tests/backend/postgres_pool_fixture.hpp"

#include <set>
#include <stdexcept>

namespace beastmark::testing {
namespace {

TEST_F(postgres_pool, stores_rows_and_gives_each_request_its_own_id) {
    start_and_wait();
    for (int i = 0; i < 500; ++i)
        submit(i);
    ASSERT_TRUE(run_until_done());
    std::set<std::int64_t> ids;
    for (const auto& r : sent) {
        ASSERT_EQ(r.error, error_code());
        EXPECT_EQ(cluster.value("select uuid from device where id = " + std::to_string(r.id)), r.uuid);
        ids.insert(r.id);
    }
    EXPECT_EQ(ids.size(), 500);
    EXPECT_EQ(cluster.count("device"), 500);
    EXPECT_EQ(metrics.duration[0].count(), 500);
    EXPECT_EQ(metrics.wait_time.count(), 500);
    EXPECT_EQ(metrics.queued.value(), 0);
    EXPECT_EQ(metrics.idle.value(), connections());
    expect_one_completion_each();
}

TEST_F(postgres_pool, refuses_one_statement_and_leaves_its_neighbours_unharmed) {
    options.connections = 1;
    options.depth = 8;
    start_and_wait();
    submit(1);
    auto& twice = submit(1);
    submit(2);
    submit(3);
    auto& ill_timed = sent.emplace_back(4);
    ill_timed.values[3] = "no time";
    tested->submit(ill_timed);
    submit(5);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(twice.error, errc::refused);
    EXPECT_STREQ(twice.sqlstate.data(), "23505");
    EXPECT_EQ(ill_timed.error, errc::refused);
    EXPECT_STREQ(ill_timed.sqlstate.data(), "22007");
    EXPECT_EQ(cluster.count("device"), 4);
    EXPECT_EQ(metrics.duration[static_cast<std::size_t>(errc::refused)].count(), 2);
    EXPECT_EQ(metrics.reconnects.value(), 0);
    expect_one_completion_each();
}

TEST_F(postgres_pool, an_error_at_commit_is_a_refusal_though_the_row_was_reported) {
    cluster.query(
        "create function reject() returns trigger language plpgsql as $$ begin if new.mac = 'bad' then "
        "raise exception 'not at commit' using errcode = '23514'; end if; return null; end $$");
    cluster.query("create constraint trigger late after insert on device deferrable initially deferred "
                  "for each row execute function reject()");
    options.connections = 1;
    options.depth = 8;
    start_and_wait();
    for (int i = 0; i < 30; ++i)
        submit(i, i % 3 == 0 ? "bad" : "good");
    ASSERT_TRUE(run_until_done());
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(sent[i].error, i % 3 == 0 ? make_error_code(errc::refused) : error_code()) << i;
    EXPECT_STREQ(sent[0].sqlstate.data(), "23514");
    EXPECT_EQ(cluster.count("device"), 20);
    EXPECT_EQ(cluster.value("select count(*) from device where mac = 'bad'"), "0");
    expect_one_completion_each();
}

TEST_F(postgres_pool, a_trigger_that_swallows_the_row_is_a_refusal) {
    cluster.query(
        "create function swallow() returns trigger language plpgsql as $$ begin return null; end $$");
    cluster.query("create trigger early before insert on device for each row execute function swallow()");
    start_and_wait();
    auto& r = submit(1);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::refused);
    EXPECT_STREQ(r.sqlstate.data(), "02000");
    EXPECT_EQ(cluster.count("device"), 0);
}

// libpq reads once for each event, and 16 KB at first: the rest of what is there must be told of again.
TEST_F(postgres_pool, takes_an_answer_that_needs_several_reads) {
    cluster.query("create function refuse_at_length() returns trigger language plpgsql as $$ begin "
                  "raise exception '%', repeat('x', 50000) using errcode = '23514'; end $$");
    cluster.query("create trigger refusing before insert on device for each row when (new.mac = 'bad') "
                  "execute function refuse_at_length()");
    options.connections = 1;
    start_and_wait();
    const auto sessions = "select count(*) from pg_stat_activity where application_name = 'beastmark-ingest' "
                          "and state = 'idle' and state_change > '" +
                          cluster.value("select clock_timestamp()") + "'";
    auto& refused = submit(1, "bad");
    auto& stored = submit(2);
    ASSERT_TRUE(wait_until([&] { return cluster.count("device") == 1; }));
    ASSERT_TRUE(wait_until([&] { return cluster.value(sessions) == "1"; })); // all is said, nothing read
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(refused.error, errc::refused);
    EXPECT_STREQ(refused.sqlstate.data(), "23514");
    EXPECT_EQ(stored.error, error_code());
    EXPECT_EQ(metrics.reconnects.value(), 0);
    expect_one_completion_each();
}

TEST_F(postgres_pool, takes_the_answers_of_a_deep_pipeline_that_came_together) {
    options.connections = 1;
    options.depth = 1000;
    start_and_wait();
    for (int i = 0; i < 1000; ++i)
        submit(i);
    ASSERT_TRUE(wait_until([&] { return cluster.count("device") == 1000; })); // the loop does not turn
    ASSERT_TRUE(run_until_done());
    for (const auto& r : sent)
        EXPECT_EQ(r.error, error_code());
    expect_one_completion_each();
}

// More than the socket takes at once: the rest goes out when there is room, and the answers are read
// meanwhile.
TEST_F(postgres_pool, sends_a_statement_larger_than_the_sockets_buffer) {
    options.connections = 1;
    start_and_wait();
    auto& large = submit(1, std::string(32'000'000, 'm'));
    auto& after = submit(2);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(large.error, error_code());
    EXPECT_EQ(after.error, error_code());
    EXPECT_EQ(cluster.value("select max(length(mac)) from device"), "32000000");
}

TEST_F(postgres_pool, bounds_its_queue_and_the_time_spent_in_it) {
    options.timeout = 300ms;
    options.max_wait = 150ms; // well before the deadline of the first, at which no connection takes more
    options.hard_limit = 60s;
    options.max_queued = 2;
    start_and_wait();
    std::optional<table_lock> lock(cluster);
    for (int i = 0; i < 8; ++i) // six sent, two queued
        submit(i);
    EXPECT_EQ(metrics.queued.value(), 2);
    EXPECT_EQ(metrics.used.value(), 3);
    auto& too_many = submit(8);
    EXPECT_EQ(too_many.completions, 1);
    EXPECT_EQ(too_many.error, errc::overloaded);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(sent[6].error, errc::overloaded);
    EXPECT_EQ(sent[7].error, errc::overloaded);
    EXPECT_EQ(sent[0].error, errc::timed_out);
    lock.reset();
    expect_working_again();
    expect_one_completion_each();
}

// Not the deadline's 60 s: what leaves the queue only then is late when it is sent.
TEST_F(postgres_pool, a_request_waits_for_a_connection_no_longer_than_it_may) {
    options.timeout = 60s;
    options.max_wait = 200ms;
    start_and_wait();
    const table_lock lock(cluster);
    for (int i = 0; i < 8; ++i) // six sent, two queued
        submit(i);
    ASSERT_TRUE(loop.run_until([this] { return sent[7].completions == 1; }));
    EXPECT_EQ(sent[6].error, errc::overloaded);
    EXPECT_EQ(sent[7].error, errc::overloaded);
    EXPECT_EQ(sent[0].completions, 0);
}

TEST_F(postgres_pool, stop_fails_what_is_left) {
    start_and_wait();
    const table_lock lock(cluster);
    for (int i = 0; i < 8; ++i)
        submit(i);
    ASSERT_TRUE(wait_for_blocked(3));
    tested->stop();
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(sent[i].error, i < 6 ? errc::outcome_unknown : errc::unavailable) << i;
    EXPECT_EQ(submit(9).error, errc::unavailable);
    loop.run_for(200ms);
    EXPECT_FALSE(tested->ready()); // does not come back
    expect_one_completion_each();
}

TEST_F(postgres_pool, a_request_may_be_submitted_again_from_its_completion) {
    options.connections = 1;
    options.depth = 1;
    start_and_wait();

    struct chain : insert {
        using insert::insert;
        pool* to = nullptr;
        int left = 50;
    } first(0);

    first.to = &*tested;
    first.done = [](request& r, error_code e) noexcept {
        auto& self = static_cast<chain&>(r);
        self.error = e;
        ++self.completions;
        if (e || self.left-- == 0)
            return;
        std::snprintf(self.uuid.data() + 24, 13, "%012d", self.completions);
        self.to->submit(self);
    };
    tested->submit(first);
    ASSERT_TRUE(loop.run_until([&] { return first.completions == 51; }));
    EXPECT_EQ(first.error, error_code());
    EXPECT_EQ(cluster.count("device"), 51);
}

TEST_F(postgres_pool, the_pool_may_be_stopped_from_a_completion) {
    options.connections = 1;
    options.depth = 4;
    start_and_wait();
    static pool* stopped;
    stopped = &*tested;
    auto& first = sent.emplace_back(0);
    first.done = [](request& r, error_code) noexcept {
        ++static_cast<insert&>(r).completions;
        stopped->stop();
    };
    tested->submit(first);
    submit(1);
    submit(2);
    ASSERT_TRUE(run_until_done());
    loop.run_for(50ms);
    expect_one_completion_each();
    EXPECT_EQ(sent[2].error, errc::outcome_unknown);
}

TEST_F(postgres_pool, connects_through_a_unix_socket_too) {
    options.conninfo = cluster.socket_connection_string();
    start();
    expect_working_again();
}

TEST(postgres_pool_options, an_ill_formed_connection_string_is_refused_without_being_quoted) {
    event_loop events;
    pool_metrics metrics;
    pool_options options;
    options.conninfo = "password=geheim hots=x";
    try {
        const pool refused(events, options, metrics);
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_EQ(std::string(e.what()).find("geheim"), std::string::npos);
        EXPECT_NE(std::string(e.what()).find("connection string"), std::string::npos);
    }
}

} // namespace
} // namespace beastmark::testing
