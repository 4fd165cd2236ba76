// --pool: fewer connections than asked for, hundreds of them, and the descriptors they need.

#include "tests/backend/ingest_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <thread>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

std::size_t times(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++found;
    return found;
}

class ingest_pool : public ingest_fixture {
protected:
    /// The server takes another number of clients from now on.
    void allow(int connections) {
        postgres.query("ALTER SYSTEM SET max_connections = " + std::to_string(connections));
        postgres.restart();
    }

    double connected() const {
        return metric("db_client_connection_count", {{"db_client_connection_pool_name", "postgresql"},
                                                     {"db_client_connection_state", "idle"}}) +
               metric("db_client_connection_count", {{"db_client_connection_pool_name", "postgresql"},
                                                     {"db_client_connection_state", "used"}});
    }

    /// As one who gets none of the connections reserved for superusers.
    void start_as_client(const std::string& pool, const std::string& threads) {
        ASSERT_EQ(init_schema(postgres).status, (exit_status{0, 0}));
        postgres.query("CREATE ROLE client LOGIN");
        postgres.query("GRANT INSERT, SELECT ON device TO client");
        start_again_as_client(pool, threads);
    }

    void start_again_as_client(const std::string& pool, const std::string& threads) {
        ingest.emplace(service_options{.program = "ingest",
                                       .arguments = {"--threads", threads, "--pool", pool, "--memcached",
                                                     memcached.address(), "--postgres",
                                                     "host=127.0.0.1 user=client dbname=postgres port=" +
                                                         std::to_string(postgres.port())}});
    }
};

/// How many connections the server has refused for want of room. Of several at once the last find not even a
/// place to be refused from, and are told so in other words.
std::size_t refusals(const std::string& log) {
    return times(log, "FATAL:  remaining connection slots are reserved") +
           times(log, "FATAL:  sorry, too many clients already");
}

} // namespace

TEST_F(ingest_pool, goes_on_with_what_the_database_gives) {
    allow(20);
    // One thread: which of two is without a place for a moment, and says so, is a race.
    start_as_client("64", "1");
    // Of several that ask together PostgreSQL may refuse more than it has to: what is left over it gives to
    // one that asks 5 to 10 s later.
    const std::string gives_17 = "the database gives 17 of the 64 connections that --pool asks for "
                                 "(max_connections?): going on with those";
    EXPECT_TRUE(wait_until([&] { return times(ingest->log(), gives_17) == 1 && connected() == 17; }, 40s))
        << ingest->log();
    const auto told = times(ingest->log(), "--pool");
    EXPECT_EQ(post().status, 201);
    EXPECT_TRUE(ingest->ready());

    // Long enough for each of the 47 others to have tried several times, were it not for the pacing: one of
    // each core does, 5 to 10 s after the last.
    std::this_thread::sleep_for(2s);
    const auto refused = refusals(postgres.log());
    EXPECT_GT(refused, 0);
    EXPECT_LE(refused, 2 * 16) << "hammered";
    EXPECT_TRUE(wait_until([&] { // one may be refused between the two looks
        return metric("beastmark_connections_refused_total") == static_cast<double>(refusals(postgres.log()));
    }));
    EXPECT_EQ(times(ingest->log(), "--pool"), told) << "said once\n" << ingest->log();
    EXPECT_EQ(times(ingest->log(), "cannot connect"), 0) << ingest->log();

    allow(100);
    EXPECT_TRUE(wait_until([&] { return connected() == 64; }, soon)) << ingest->log();
    EXPECT_TRUE(wait_until([&] { return ingest->log().find("gives all 64") != std::string::npos; }));
    EXPECT_EQ(post().status, 201);
}

// Of two threads with three connections one has a single one. Whichever is lost, and its place with it: none
// of the threads is without.
TEST_F(ingest_pool, no_thread_goes_without_a_connection_while_another_has_two) {
    for (int victim = 0; victim < 3; ++victim) {
        if (victim == 0)
            start_as_client("3", "2");
        else
            start_again_as_client("3", "2");
        ASSERT_TRUE(wait_until([&] { return connected() == 3; }, soon)) << ingest->log();
        postgres.query("ALTER ROLE client CONNECTION LIMIT 2");
        postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'client' "
                       "ORDER BY backend_start LIMIT 1 OFFSET " +
                       std::to_string(victim));
        EXPECT_TRUE(wait_until([&] { return metric("beastmark_connections_refused_total") >= 1; }));
        EXPECT_TRUE(wait_until([&] { return connected() == 2; }, soon)) << ingest->log();
        // Whether it can serve is told each 100 ms: it may not know yet that it cannot.
        EXPECT_TRUE(wait_until([&] { return ingest->ready() && post().status == 201; }, soon))
            << ingest->log();
        ingest.reset();
        postgres.query("ALTER ROLE client CONNECTION LIMIT -1");
    }
}

TEST_F(ingest_pool, has_hundreds_of_connections) {
    allow(510);
    start_as_client("500", "2");
    EXPECT_TRUE(wait_until([&] { return connected() == 500; }, 60s)) << ingest->log();
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(post().status, 201);
    EXPECT_EQ(metric("beastmark_connections_refused_total"), 0);
    EXPECT_EQ(metric("db_client_connection_max", {{"db_client_connection_pool_name", "postgresql"}}), 500);
}

TEST(ingest_pool_size, that_needs_more_descriptors_than_there_are_is_refused_in_one_clear_line) {
    const auto finished =
        run({.arguments = {built_program("ingest"), "--threads", "2", "--pool", "500", "--port", "1"},
             .descriptors = 900});
    EXPECT_EQ(finished.status, (exit_status{1, 0}));
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("descriptor limit of 900"));
    EXPECT_THAT(finished.err, HasSubstr("1002 for --pool 500 and memcached"));
    EXPECT_THAT(finished.err, HasSubstr("ulimit -n 10")); // 1002 and some
}

TEST(ingest_pool_size, counts_the_timers_of_groups_that_wait) {
    const auto finished = run({.arguments = {built_program("ingest"), "--threads", "2", "--pool", "500",
                                             "--write-mode", "group", "--group-wait", "1ms", "--port", "1"},
                               .descriptors = 900});
    EXPECT_THAT(finished.err, HasSubstr("1004 for --pool 500 and memcached"));
}

} // namespace beastmark::testing
