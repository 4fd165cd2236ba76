// PostgreSQL goes away, comes back, breaks links or falls silent, with and without load: what clients were
// told must agree with the table afterwards.

#include "tests/backend/ingest_fixture.hpp"
#include "tests/backend/ingest_load.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <thread>

namespace beastmark::testing {

namespace {

class ingest_faults : public ingest_fixture {
protected:
    static bool more_than(const ingest_load& load, int status, int times) {
        return wait_until([&] { return load.so_far().count(status) > times; });
    }

    void stop_and_return_under_load(postgres_cluster::shutdown how) {
        start();
        ingest_load load(ingest->port(), 8);
        ASSERT_TRUE(more_than(load, 201, 200));
        postgres.stop(how);
        EXPECT_TRUE(more_than(load, 503, 20));
        EXPECT_TRUE(wait_until([&] { return status_of(ingest->admin_port(), "/readyz") == 503; }));
        postgres.start();
        const int before = load.so_far().count(201);
        EXPECT_TRUE(wait_until([&] { return load.so_far().count(201) > before; }, soon)) << ingest->log();
        EXPECT_TRUE(wait_until([&] { return ingest->ready(); }, soon));
        EXPECT_TRUE(more_than(load, 201, before + 200));
        expect_truthful(load.finish());
    }
};

} // namespace

TEST_F(ingest_faults, away_at_start_is_waited_for) {
    ASSERT_EQ(init_schema(postgres).status, (exit_status{0, 0}));
    postgres.stop();
    start_service({}, false);
    EXPECT_EQ(status_of(ingest->admin_port(), "/readyz"), 503);
    EXPECT_EQ(status_of(ingest->admin_port(), "/healthz"), 200);
    EXPECT_EQ(status_of(ingest->port(), "/healthz"), 200);
    for (int i = 0; i < 20; ++i) {
        const auto response = post();
        EXPECT_EQ(response.status, 503) << response.body;
        EXPECT_TRUE(response.header("Retry-After"));
        EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
    }
    EXPECT_TRUE(wait_until([&] { return !ingest->log().empty(); }));
    const std::string log = ingest->log();
    EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 6) << "said more than once:\n" << log;

    postgres.start();
    EXPECT_TRUE(wait_until([&] { return ingest->ready(); }, soon)) << ingest->log();
    EXPECT_EQ(post().status, 201);
    EXPECT_EQ(rows(), 1);
}

TEST_F(ingest_faults, stopped_under_load_then_back) {
    stop_and_return_under_load(postgres_cluster::shutdown::fast);
}

TEST_F(ingest_faults, crashed_under_load_then_back) {
    stop_and_return_under_load(postgres_cluster::shutdown::immediate);
}

TEST_F(ingest_faults, away_for_longer_than_any_backoff_then_back) {
    start();
    postgres.stop();
    EXPECT_TRUE(wait_until([&] { return post().status == 503; }));
    std::this_thread::sleep_for(7s); // long enough for a doubling pause to have grown beyond what is promised
    postgres.start();
    EXPECT_TRUE(wait_until([&] { return post().status == 201; }, soon)) << ingest->log();
}

TEST_F(ingest_faults, sessions_terminated_under_load) {
    start();
    ingest_load load(ingest->port(), 8);
    for (int round = 1; round <= 5; ++round) {
        ASSERT_TRUE(more_than(load, 201, load.so_far().count(201) + 100)) << ingest->log();
        postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    }
    ASSERT_TRUE(more_than(load, 201, load.so_far().count(201) + 100)) << ingest->log();
    expect_truthful(load.finish());
    EXPECT_GE(metric("beastmark_reconnects_total"), 5);
}

TEST_F(ingest_faults, one_server_process_killed_under_load) {
    start();
    ingest_load load(ingest->port(), 8);
    ASSERT_TRUE(more_than(load, 201, 100));
    const auto pid = postgres.value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                    "AND pid <> pg_backend_pid() LIMIT 1");
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0); // PostgreSQL then restarts all of its sessions
    ASSERT_TRUE(more_than(load, 201, load.so_far().count(201) + 200)) << ingest->log();
    const auto account = load.finish();
    ASSERT_TRUE(wait_until([&] {
        try {
            return rows() >= 0;
        } catch (const std::runtime_error&) {
            return false;
        }
    }));
    expect_truthful(account);
}

TEST_F(ingest_faults, a_statement_that_waits_too_long_is_504_and_its_row_may_be_there) {
    start({"--request-timeout", "1s", "--pool", "2"});
    ASSERT_EQ(post().status, 201);
    std::thread holder([&] { postgres.query("BEGIN; LOCK TABLE device; SELECT pg_sleep(4); COMMIT"); });
    EXPECT_TRUE(wait_until([&] {
        return postgres.value(
                   "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0";
    }));
    const auto response = post();
    EXPECT_EQ(response.status, 504) << response.body;
    EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
    holder.join();
    EXPECT_TRUE(wait_until([&] { return post().status == 201; })) << ingest->log();
    EXPECT_GE(rows(), 2);
    EXPECT_LE(rows(), 3 + 2); // at most one for each that was told 504 or 201
}

TEST_F(ingest_faults, a_silent_server_under_load) {
    start({"--request-timeout", "300ms"});
    ingest_load load(ingest->port(), 8);
    ASSERT_TRUE(more_than(load, 201, 100));
    postgres.freeze();
    EXPECT_TRUE(wait_until([&] { return load.so_far().count(504) + load.so_far().count(503) >= 8; }));
    postgres.thaw();
    ASSERT_TRUE(more_than(load, 201, load.so_far().count(201) + 200)) << ingest->log();
    const auto account = load.finish();
    EXPECT_GT(account.count(504), 0);
    expect_truthful(account);
}

TEST_F(ingest_faults, requests_beyond_what_it_can_hold_are_503_at_once) {
    start({"--pool", "1", "--threads", "1", "--request-timeout", "20s", "--max-queue-time", "20s"});
    ASSERT_EQ(post().status, 201);
    std::thread holder([&] { postgres.query("BEGIN; LOCK TABLE device; SELECT pg_sleep(3); COMMIT"); });
    EXPECT_TRUE(wait_until([&] {
        return postgres.value(
                   "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0";
    }));
    std::vector<http_client> clients;
    for (int i = 0; i < 2000; ++i) {
        clients.emplace_back(ingest->port());
        clients.back().send(
            request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})"));
    }
    int stored = 1;
    int refused = 0;
    for (auto& client : clients) {
        const auto response = client.receive();
        ++(response.status == 201 ? stored : refused);
        if (response.status != 201) {
            EXPECT_EQ(response.status, 503) << response.body;
            EXPECT_TRUE(response.header("Retry-After"));
        }
    }
    holder.join();
    EXPECT_EQ(rows(), stored);
    EXPECT_GT(refused, 0) << "a queue of 2000 for one connection is not bounded by reason";
    EXPECT_EQ(metric("beastmark_rejected_total"), refused);
}

TEST_F(ingest_faults, a_drain_waits_for_the_database) {
    start({"--request-timeout", "20s", "--max-queue-time", "20s"});
    ASSERT_EQ(post().status, 201);
    std::thread holder([&] { postgres.query("BEGIN; LOCK TABLE device; SELECT pg_sleep(4); COMMIT"); });
    EXPECT_TRUE(wait_until([&] {
        return postgres.value(
                   "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0";
    }));
    std::vector<http_client> clients;
    for (int i = 0; i < 10; ++i) {
        clients.emplace_back(ingest->port());
        clients.back().send(
            request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})"));
    }
    EXPECT_TRUE(wait_until([&] { return metric("http_server_active_requests") >= 10; }));
    ingest->running().signal(SIGTERM);
    for (auto& client : clients)
        EXPECT_EQ(client.receive().status, 201);
    holder.join();
    EXPECT_EQ(ingest->running().wait(), (exit_status{0, 0})) << ingest->log();
    EXPECT_EQ(rows(), 11);
}

TEST_F(ingest_faults, a_drain_with_the_database_away_ends) {
    start();
    postgres.stop();
    EXPECT_TRUE(wait_until([&] { return post().status == 503; }));
    EXPECT_EQ(ingest->stop(), (exit_status{0, 0})) << ingest->log();
}

TEST_F(ingest_faults, a_client_that_leaves_does_not_disturb_the_others) {
    start({"--pool", "1", "--threads", "1"});
    for (int i = 0; i < 50; ++i) {
        http_client leaves(ingest->port());
        leaves.send(request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"left"})"));
        leaves.abort();
        const auto response = post("stayed");
        ASSERT_EQ(response.status, 201);
        ASSERT_EQ(nlohmann::json::parse(response.body)["firmware"], "stayed") << "somebody else's answer";
    }
    EXPECT_EQ(postgres.count("device WHERE firmware = 'stayed'"), 50);
    EXPECT_LE(rows(), 100);
}

} // namespace beastmark::testing
