// The PostgreSQL pool against a real server: every outcome told from the others, and back again after each
// fault.
#include "ingest/postgres/pool.hpp"
#include "tests/support/driver_loop.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>

namespace {

using namespace beastmark::testing;
using namespace beastmark::postgres;
using boost::system::error_code;

constexpr const char* insert_device = "insert into device (uuid, mac, firmware, created_at, updated_at) "
                                      "values ($1, $2, $3, $4, $4) returning id";

struct insert : counted<request> {
    explicit insert(int n, std::string mac_text = "00-00-00-00-00-00") : mac(std::move(mac_text)) {
        std::array<char, 37> text{};
        std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012d", n);
        uuid = text.data();
        values = {uuid.c_str(), mac.c_str(), "1.0", "2024-05-28T15:21:51.137Z"};
    }

    std::string uuid;
    std::string mac;
};

// Holds the table so that inserts reach the server and stay there.
class table_lock {
public:
    explicit table_lock(const postgres_cluster& cluster)
        : pg_(PQconnectdb(cluster.connection_string().c_str())) {
        PQclear(PQexec(pg_, "begin"));
        PQclear(PQexec(pg_, "lock table device in access exclusive mode"));
    }

    ~table_lock() { PQfinish(pg_); }

    table_lock(const table_lock&) = delete;
    table_lock& operator=(const table_lock&) = delete;

private:
    PGconn* pg_;
};

class postgres_pool : public ::testing::Test {
protected:
    postgres_pool() {
        cluster.query(
            "create table device (id bigint generated always as identity primary key, uuid uuid not null "
            "unique, mac text not null, firmware text not null, created_at timestamptz not null, "
            "updated_at timestamptz not null)");
        options.conninfo = cluster.connection_string();
        options.statement = insert_device;
        options.connections = 3;
        options.depth = 2;
        options.timeout = 3 * patience; // no deadline where none is tested, however slow the machine
    }

    void start() {
        tested.emplace(loop.context(), options, metrics);
        loop.on_tick([this](auto now) { tested->tick(now); });
        tested->start();
    }

    void start_and_wait() {
        start();
        ASSERT_TRUE(loop.run_until([&] { return all_connected(); }));
    }

    bool all_connected() const { return metrics.idle.value() + metrics.used.value() == connections(); }

    std::int64_t connections() const { return static_cast<std::int64_t>(options.connections); }

    insert& submit(int n, std::string mac = "00-00-00-00-00-00") {
        auto& r = sent.emplace_back(n, std::move(mac));
        tested->submit(r);
        return r;
    }

    bool run_until_done() {
        return loop.run_until(
            [&] { return std::ranges::all_of(sent, [](auto& r) { return r.completions > 0; }); });
    }

    // What the server has got and cannot go on with.
    bool wait_for_blocked(int n) {
        return loop.run_until([&] {
            return cluster.value(
                       "select count(*) from pg_stat_activity where application_name = 'beastmark-ingest' "
                       "and wait_event_type = 'Lock'") == std::to_string(n);
        });
    }

    std::string rows_of(const insert& r) {
        return cluster.value("select count(*) from device where uuid = '" + r.uuid + "'");
    }

    void expect_one_completion_each() {
        for (const auto& r : sent)
            EXPECT_EQ(r.completions, 1) << r.uuid;
    }

    // Tries until one is stored: on a slow machine the short deadlines of a test may strike once more.
    void expect_working_again() {
        const auto stored = [&] {
            if (!loop.run_until([&] { return tested->ready(); }))
                return false;
            auto& r = submit(next_number_++);
            return loop.run_until([&] { return r.completions > 0; }) && !r.error && rows_of(r) == "1";
        };
        EXPECT_TRUE(wait_until(stored));
    }

    postgres_cluster cluster;
    driver_loop loop;
    pool_options options;
    pool_metrics metrics;
    std::deque<insert> sent;
    std::optional<pool> tested;

private:
    int next_number_ = 1000;
};

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
    options.hard_limit = 300ms;
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

TEST_F(postgres_pool, bounds_its_queue_and_the_time_spent_in_it) {
    options.timeout = 300ms;
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

TEST(postgres_pool_options, an_ill_formed_connection_string_is_refused_without_being_quoted) {
    boost::asio::io_context context;
    pool_metrics metrics;
    pool_options options;
    options.conninfo = "password=geheim hots=x";
    try {
        const pool refused(context, options, metrics);
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_EQ(std::string(e.what()).find("geheim"), std::string::npos);
        EXPECT_NE(std::string(e.what()).find("connection string"), std::string::npos);
    }
}

} // namespace
