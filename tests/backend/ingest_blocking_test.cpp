// What only the blocking driver has to get right: its threads wait, its clients and its end do not.
// (ingest_test runs with this driver too: CMakeLists.txt.)

#include "tests/backend/ingest_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace beastmark::testing {

namespace {

class ingest_blocking : public ingest_fixture {
protected:
    void start_blocking(std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.end(), {"--driver", "blocking"});
        start(std::move(arguments));
    }

    std::vector<std::string> threads() {
        std::vector<std::string> names;
        for (const auto& task : std::filesystem::directory_iterator(
                 "/proc/" + std::to_string(ingest->running().pid()) + "/task")) {
            std::ifstream file(task.path() / "comm");
            std::getline(file, names.emplace_back());
        }
        return names;
    }

    double links(const std::string& pool, const std::string& state) const {
        return metric("db_client_connection_count",
                      {{"db_client_connection_pool_name", pool}, {"db_client_connection_state", state}});
    }
};

} // namespace

TEST_F(ingest_blocking, has_a_thread_for_each_connection) {
    start_blocking({"--pool", "3", "--threads", "2"});
    ASSERT_EQ(post().status, 201);
    using ::testing::Contains;
    const auto names = threads();
    for (const std::string name : {"worker-0-0", "worker-0-1", "worker-1-0"})
        EXPECT_THAT(names, Contains(name));
    EXPECT_TRUE(wait_until([&] { return links("postgresql", "idle") == 3; }));
    EXPECT_TRUE(wait_until([&] { return links("memcached", "idle") == 1; })) << "one has set";
    EXPECT_EQ(links("memcached", "connecting"), 2);
    EXPECT_EQ(metric("db_client_connection_max", {{"db_client_connection_pool_name", "memcached"}}), 3);
}

TEST_F(ingest_blocking, a_silent_server_costs_the_client_its_deadline_and_the_worker_its_connection) {
    start_blocking({"--pool", "2", "--threads", "1", "--request-timeout", "1s"});
    ASSERT_EQ(post().status, 201);
    postgres.freeze();
    EXPECT_EQ(post().status, 504);
    EXPECT_EQ(post().status, 504);
    const auto third = post();
    EXPECT_EQ(third.status, 503) << "both workers are stuck: " << third.body;
    EXPECT_TRUE(wait_until([&] { return status_of(ingest->admin_port(), "/readyz") == 503; }));
    EXPECT_TRUE(wait_until([&] { return links("postgresql", "connecting") == 2; }))
        << "a statement without an answer keeps its worker for ever";
    postgres.thaw();
    EXPECT_TRUE(wait_until([&] { return ingest->ready(); }, soon)) << ingest->log();
    EXPECT_EQ(post().status, 201);
    EXPECT_LE(rows(), 4);
}

TEST_F(ingest_blocking, ends_although_its_workers_wait_for_a_silent_server) {
    start_blocking({"--pool", "2", "--threads", "1", "--request-timeout", "30s", "--drain-timeout", "500ms"});
    ASSERT_EQ(post().status, 201);
    postgres.freeze();
    http_client client(ingest->port());
    client.send(request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})"));
    EXPECT_TRUE(wait_until([&] { return metric("http_server_active_requests") >= 1; }));
    EXPECT_EQ(ingest->stop(), (exit_status{1, 0})) << ingest->log(); // 1: it cut an answer owed
    postgres.thaw();
}

// SIGHUP has the server tell each session of a changed setting: news, and no reason to leave.
TEST_F(ingest_blocking, what_the_server_says_to_an_idle_session_is_read) {
    start_blocking({"--pool", "1", "--threads", "1"});
    ASSERT_EQ(post().status, 201);
    const auto pid = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                     "AND pid <> pg_backend_pid()";
    const auto before = postgres.value(pid);
    postgres.query("ALTER SYSTEM SET datestyle = 'German'");
    postgres.query("SELECT pg_reload_conf()");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(post().status, 201);
    EXPECT_EQ(postgres.value(pid), before);
}

TEST_F(ingest_blocking, an_idle_session_that_is_ended_is_noticed_before_a_request_suffers) {
    start_blocking({"--pool", "2", "--threads", "1"});
    ASSERT_EQ(post().status, 201);
    for (int round = 0; round < 10; ++round) {
        postgres.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                       "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
        EXPECT_THAT(post().status, ::testing::AnyOf(201, 503)) << "nothing was sent";
        EXPECT_TRUE(wait_until([&] { return post().status == 201; }));
    }
}

TEST_F(ingest_blocking, a_driver_that_there_is_not_is_named) {
    const auto finished = run({.arguments = {built_program("ingest"), "--driver", "telepathic"}});
    EXPECT_EQ(finished.status, (exit_status{2, 0}));
    EXPECT_THAT(finished.err, ::testing::HasSubstr("--driver"));
    EXPECT_THAT(finished.err, ::testing::HasSubstr("blocking"));
}

} // namespace beastmark::testing
