// The PostgreSQL pool against a server that dies, hangs, is away or says no: told apart, and back again after
// each.
#include "tests/backend/postgres_pool_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include <dlfcn.h>

namespace {

bool next_send_fails = false;
bool next_sync_fails = false;

template <class Function>
Function* libpq(Function* ours, const char* name) {
    static_cast<void>(ours); // for its type
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace

// In libpq's place for the whole program: what fails in libpq for want of memory fails when a test says so.
extern "C" int PQsendQueryPrepared(PGconn* pg, const char* name, int count, const char* const* values,
                                   const int* lengths, const int* formats, int result_format) {
    static const auto real = libpq(&PQsendQueryPrepared, "PQsendQueryPrepared");
    if (std::exchange(next_send_fails, false))
        return 0;
    return real(pg, name, count, values, lengths, formats, result_format);
}

extern "C" int PQpipelineSync(PGconn* pg) {
    static const auto real = libpq(&PQpipelineSync, "PQpipelineSync");
    if (std::exchange(next_sync_fails, false))
        return 0;
    return real(pg);
}

namespace beastmark::testing {
namespace {

TEST_F(postgres_pool, terminated_backends_leave_unknown_outcomes_and_come_back) {
    start_and_wait();
    {
        const table_lock lock(cluster);
        for (int i = 0; i < 10; ++i) // three connections, two each: four wait
            submit(i);
        ASSERT_TRUE(wait_for_blocked(3));
        cluster.query("select pg_terminate_backend(pid) from pg_stat_activity "
                      "where application_name = 'beastmark-ingest'");
        ASSERT_TRUE(loop.run_until([&] { return sent[5].completions > 0; }));
    }
    ASSERT_TRUE(run_until_done());
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(sent[i].error, errc::outcome_unknown) << i;
    expect_working_again();
    ASSERT_TRUE(loop.run_until([&] { return all_connected(); }));
    EXPECT_EQ(metrics.reconnects.value(), 3);
    expect_one_completion_each();
    for (const auto& r : sent) {
        if (r.error != errc::outcome_unknown) {
            EXPECT_EQ(rows_of(r), r.error ? "0" : "1") << r.uuid;
        }
    }
}

TEST_F(postgres_pool, a_database_that_flaps_is_told_of_once_a_second) {
    std::ostringstream log;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    options.connections = 1;
    options.pacing.first_retry = 1ms;
    options.pacing.retry_cap = 2ms;
    const auto began = std::chrono::steady_clock::now();
    start_and_wait();
    for (std::uint64_t round = 1; round <= 20; ++round) {
        cluster.query("select pg_terminate_backend(pid) from pg_stat_activity "
                      "where application_name = 'beastmark-ingest'");
        ASSERT_TRUE(loop.run_until([&] { return metrics.reconnects.value() == round; }));
    }
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    spdlog::set_default_logger(before);
    const auto text = log.str();
    EXPECT_TRUE(text.find("connected to the database") < text.find("lost the database")) << text;
    EXPECT_TRUE(text.find("lost the database") < text.find("the database is back")) << text;
    EXPECT_LE(std::ranges::count(text, '\n'), 1 + 2 * (seconds.count() + 1)) << text;
}

TEST_F(postgres_pool, one_lost_connection_harms_only_what_it_carried) {
    start_and_wait();
    std::optional<table_lock> lock(cluster);
    for (int i = 0; i < 3; ++i)
        submit(i);
    ASSERT_TRUE(wait_for_blocked(3));
    cluster.query("select pg_terminate_backend(pid) from pg_stat_activity "
                  "where application_name = 'beastmark-ingest' limit 1");
    ASSERT_TRUE(loop.run_until(
        [&] { return std::ranges::any_of(sent, [](auto& r) { return r.error == errc::outcome_unknown; }); }));
    lock.reset();
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(std::ranges::count_if(sent, [](auto& r) { return r.error == errc::outcome_unknown; }), 1);
    EXPECT_EQ(std::ranges::count_if(sent, [](auto& r) { return !r.error; }), 2);
    EXPECT_EQ(cluster.count("device"), 2);
}

TEST_F(postgres_pool, a_connection_that_cannot_send_leaves_the_statement_to_another_and_comes_back) {
    start_and_wait();
    next_send_fails = true;
    auto& r = submit(1);
    EXPECT_EQ(metrics.connecting.value(), 0) << "not from within submit";
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, error_code());
    EXPECT_EQ(rows_of(r), "1");
    ASSERT_TRUE(loop.run_until([&] { return metrics.reconnects.value() == 1 && all_connected(); }));
    expect_one_completion_each();
}

TEST_F(postgres_pool, what_was_handed_over_and_could_not_be_sent_has_an_unknown_outcome) {
    start_and_wait();
    next_sync_fails = true;
    auto& r = submit(1);
    EXPECT_EQ(r.completions, 0) << "not from within submit";
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::outcome_unknown);
    ASSERT_TRUE(loop.run_until([&] { return metrics.reconnects.value() == 1 && all_connected(); }));
    expect_one_completion_each();
}

TEST_F(postgres_pool, may_be_destroyed_while_its_loop_goes_on) {
    start_and_wait();
    const table_lock lock(cluster);
    submit(1);
    next_send_fails = true; // a connection that is to be lost
    submit(2);
    loop.on_tick({});
    tested.reset();
    loop.run_for(200ms);         // longer than the wait before an attempt to connect
    EXPECT_TRUE(wait_until([&] { // and has not come back
        return cluster.value("select count(*) from pg_stat_activity where application_name = "
                             "'beastmark-ingest' and state = 'idle'") == "0";
    }));
}

TEST_F(postgres_pool, is_unavailable_while_the_server_is_away_and_back_with_it) {
    start_and_wait();
    for (const auto how : {postgres_cluster::shutdown::fast, postgres_cluster::shutdown::immediate}) {
        cluster.stop(how);
        ASSERT_TRUE(loop.run_until([&] { return !tested->ready(); }));
        auto& refused = submit(1);
        EXPECT_EQ(refused.completions, 1);
        EXPECT_EQ(refused.error, errc::unavailable);
        EXPECT_EQ(metrics.connecting.value(), connections());
        loop.run_for(500ms); // let it back off
        cluster.start();
        EXPECT_TRUE(loop.run_until([&] { return tested->ready(); }, 20s)); // idle: within 2 s
        expect_working_again();
    }
    expect_one_completion_each();
}

TEST_F(postgres_pool, starts_without_a_server_and_serves_when_it_comes) {
    cluster.stop();
    start();
    loop.run_for(300ms);
    EXPECT_FALSE(tested->ready());
    cluster.start();
    expect_working_again();
    EXPECT_EQ(metrics.reconnects.value(), 0);
}

TEST_F(postgres_pool, is_not_ready_until_the_table_is_there) {
    cluster.query("alter table device rename to elsewhere");
    start();
    loop.run_for(300ms);
    EXPECT_FALSE(tested->ready());
    EXPECT_EQ(submit(1).error, errc::unavailable);
    cluster.query("alter table elsewhere rename to device");
    expect_working_again();
}

TEST_F(postgres_pool, a_hung_server_times_out_and_its_late_replies_are_dropped) {
    options.timeout = 200ms;
    options.max_wait = 100ms; // well before the deadline of the first, at which no connection takes more
    options.hard_limit = 60s; // the links are kept
    start_and_wait();
    cluster.freeze();
    for (int i = 0; i < 6; ++i)
        submit(i);
    auto& waits = submit(6);
    ASSERT_TRUE(run_until_done());
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(sent[i].error, errc::timed_out) << i;
    EXPECT_EQ(waits.error, errc::overloaded);
    EXPECT_FALSE(tested->ready());
    EXPECT_EQ(submit(7).error, errc::unavailable);
    cluster.thaw();
    expect_working_again();
    ASSERT_TRUE(loop.run_until([&] { return metrics.idle.value() == connections(); }));
    EXPECT_EQ(metrics.reconnects.value(), 0);
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(rows_of(sent[i]), "1") << "stored late, " << i;
    EXPECT_EQ(rows_of(waits), "0");
    expect_one_completion_each();
}

TEST_F(postgres_pool, a_server_hung_beyond_the_hard_limit_is_connected_anew) {
    options.timeout = 100ms;
    options.hard_limit = 2s; // time enough for what is asked when the server is back
    options.connect_timeout = 400ms;
    start_and_wait();
    cluster.freeze();
    auto& r = submit(1);
    ASSERT_TRUE(loop.run_until([&] { return metrics.connecting.value() > 0; }));
    EXPECT_EQ(r.error, errc::timed_out);
    loop.run_for(1s); // attempts to connect run into their own limit
    cluster.thaw();
    expect_working_again();
    ASSERT_TRUE(
        loop.run_until([&] { return metrics.reconnects.value() == 1; })); // the two idle ones were kept
    expect_one_completion_each();
}

TEST_F(postgres_pool, the_server_gives_up_what_nobody_waits_for) {
    options.timeout = 100ms;
    options.hard_limit = 1s; // the server's limit is half-way
    options.connections = 1;
    start_and_wait();
    const table_lock lock(cluster);
    auto& r = submit(1);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_TRUE(wait_for_blocked(0)) << "though the table is still locked";
}

// Each gets the server's whole limit, from when the one before is done: the link outlives them all.
TEST_F(postgres_pool, the_server_gives_up_one_after_the_other_on_one_link) {
    options.timeout = 100ms;
    options.hard_limit = 2s;
    options.connections = 1;
    options.depth = 4;
    start_and_wait();
    const table_lock lock(cluster);
    for (int i = 0; i < 4; ++i)
        submit(i);
    ASSERT_TRUE(loop.run_until([&] { return metrics.idle.value() == 1; }));
    EXPECT_EQ(metrics.reconnects.value(), 0);
    EXPECT_TRUE(wait_for_blocked(0));
    expect_one_completion_each();
}

TEST_F(postgres_pool, gives_up_on_a_server_that_accepts_and_says_nothing) {
    boost::asio::io_context silent;
    boost::asio::ip::tcp::acceptor acceptor(silent, {boost::asio::ip::address_v4::loopback(), 0});
    options.conninfo =
        "host=127.0.0.1 user=u dbname=d port=" + std::to_string(acceptor.local_endpoint().port());
    options.connections = 1;
    options.connect_timeout = 100ms;
    start();
    for (int attempt = 0; attempt < 3; ++attempt) { // the third shows that it keeps trying
        boost::asio::ip::tcp::socket peer(silent);
        acceptor.non_blocking(true);
        ASSERT_TRUE(loop.run_until([&] {
            error_code none;
            acceptor.accept(peer, none);
            return !none;
        }));
    }
    EXPECT_FALSE(tested->ready());
}

// As two cores of a service: one has taken all the places that there are.
TEST_F(postgres_pool, a_pool_without_a_place_gets_one_of_a_pool_that_has_several_at_work) {
    cluster.query("create role client login connection limit 3");
    cluster.query("grant insert, select on device to client");
    options.conninfo = "host=127.0.0.1 user=client dbname=postgres port=" + std::to_string(cluster.port());
    std::atomic<bool> place_wanted{false};
    options.pacing.place_wanted = &place_wanted;
    start_and_wait();
    std::optional<table_lock> lock(cluster);
    for (int n = 0; n < 6; ++n)
        submit(n); // two on each: none is idle
    ASSERT_TRUE(wait_for_blocked(3));

    pool_metrics of_other;
    pool other(loop.events(), options, of_other);
    loop.on_tick([&](auto now) {
        tested->tick(now);
        other.tick(now);
    });
    other.start();
    ASSERT_TRUE(loop.run_until([&] { return of_other.refused.value() > 0; }));
    EXPECT_TRUE(tested->ready());
    lock.reset();
    EXPECT_TRUE(loop.run_until([&] { return other.ready(); }));
    EXPECT_TRUE(run_until_done());
    for (const auto& r : sent)
        EXPECT_FALSE(r.error) << r.error.message();
    EXPECT_EQ(metrics.idle.value(), 2);
    EXPECT_EQ(of_other.idle.value(), 1);
}

TEST_F(postgres_pool, says_once_that_it_cannot_connect_and_never_the_password) {
    std::ostringstream log;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    cluster.stop();
    options.conninfo += " password=geheim";
    start();
    loop.run_for(1s);
    tested->stop();
    spdlog::set_default_logger(before);
    const auto text = log.str();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    EXPECT_NE(text.find("cannot connect"), std::string::npos) << text;
    EXPECT_EQ(text.find("geheim"), std::string::npos) << text;
}

} // namespace
} // namespace beastmark::testing
