// SIGTERM: what has begun is answered, what is new is not let in, and the end is quick and clean.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/metrics.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace beastmark::testing {

namespace {

const std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";

bool posts() {
    return program_under_test() == "ingest";
}

std::string request_bytes() {
    return posts() ? request("POST", "/api/devices", body) : request("GET", "/api/devices");
}

int success() {
    return posts() ? 201 : 200;
}

/// What one connection saw until the server let go of it.
struct traffic {
    std::atomic<int> good = 0;
    std::atomic<int> refused = 0; // 503
    std::atomic<int> other = 0;   // any other status
    std::atomic<int> cut = 0;     // an answer that began and did not end, or a reset
};

void keep_asking(std::uint16_t port, traffic& seen, const std::atomic<bool>& stop) {
    while (!stop) {
        try {
            http_client client(port);
            while (!stop) {
                if (!client.try_send(request_bytes()))
                    break; // closed while idle: nothing was promised
                try {
                    const auto response = client.receive();
                    ++(response.status == success() ? seen.good
                       : response.status == 503     ? seen.refused
                                                    : seen.other);
                    if (response.header("Connection") == "close")
                        break;
                } catch (const http_error&) {
                    if (!client.pending().empty())
                        ++seen.cut;
                    break;
                }
            }
        } catch (const http_error&) {
            return; // nothing listens any more
        }
    }
}

service_options with(std::vector<std::string> arguments = {}) {
    return options_of(program_under_test(), std::move(arguments));
}

} // namespace

TEST(service_drain, of_an_idle_service_is_quick) {
    service running(with());
    http_client idle(running.port());
    idle.send(request_bytes());
    EXPECT_EQ(idle.receive().status, success());
    http_client silent(running.port());
    running.running().signal(SIGTERM);
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    EXPECT_EQ(silent.wait_for_end(), ending::closed);
    EXPECT_EQ(running.running().wait(8s), (exit_status{0, 0}))
        << "idle connections held it up"; // --drain-timeout 10s
}

TEST(service_drain, sigint_is_as_good_as_sigterm) {
    service running(with());
    running.running().signal(SIGINT);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, under_traffic_loses_no_answer) {
    service running(with());
    traffic seen;
    std::atomic<bool> stop = false;
    const std::int64_t before = posts() ? the_backends().postgres.count("device") : 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i)
        clients.emplace_back([&] { keep_asking(running.port(), seen, stop); });
    EXPECT_TRUE(wait_until([&] { return seen.good > 100; }));
    running.running().signal(SIGTERM);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
    stop = true;
    for (auto& client : clients)
        client.join();
    EXPECT_EQ(seen.cut, 0);
    EXPECT_EQ(seen.other, 0);
    if (posts()) {
        EXPECT_EQ(the_backends().postgres.count("device"), before + seen.good);
    }
}

TEST(service_drain, requests_that_arrived_before_the_signal_are_answered) {
    service running(with());
    freeze(
        running.running().pid()); // so that connections and requests wait in the kernel when the signal comes
    std::vector<http_client> clients;
    for (int i = 0; i < 100; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(request_bytes());
    }
    running.running().signal(SIGTERM);
    running.running().signal(SIGCONT);
    for (auto& client : clients)
        EXPECT_EQ(client.receive().status, success());
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, a_request_that_has_begun_is_answered) {
    service running(with({"--threads", "1"})); // one thread sees the pieces before the witness
    const auto bytes = request_bytes();
    std::vector<http_client> begun;
    for (const std::size_t sent : {std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
        begun.emplace_back(running.port());
        begun.back().send(std::string_view(bytes).substr(0, sent));
    }
    http_client witness(running.port()); // closed as soon as the drain has begun
    witness.send(request_bytes());
    EXPECT_EQ(witness.receive().status, success()); // by now the pieces above have been read
    running.running().signal(SIGTERM);
    EXPECT_EQ(witness.wait_for_end(), ending::closed);
    std::size_t index = 0;
    for (const std::size_t sent : {std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
        SCOPED_TRACE(sent);
        auto& client = begun[index++];
        client.send(std::string_view(bytes).substr(sent));
        const auto response = client.receive();
        EXPECT_TRUE(response.status == success() || response.status == 503) << response.status;
        EXPECT_EQ(response.header("Connection"), "close");
        EXPECT_EQ(client.wait_for_end(), ending::closed);
    }
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, what_arrived_before_the_signal_is_answered) {
    service running(with());
    http_client kept(running.port());
    kept.send(request_bytes());
    EXPECT_EQ(kept.receive().status, success());
    std::vector<http_client> clients;
    for (int i = 0; i < 100; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(request_bytes());
    }
    kept.send(request_bytes());
    running.running().signal(SIGTERM); // all requests have been delivered, few have been read
    EXPECT_EQ(kept.receive().status, success());
    for (auto& client : clients)
        EXPECT_EQ(client.receive().status, success());
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, is_announced_by_readyz_while_requests_are_still_served) {
    service running(with({"--drain-delay", "4s"}));
    http_client kept(running.port());
    kept.send(request_bytes());
    EXPECT_EQ(kept.receive().status, success());
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.admin_port(), "/readyz") == 503; }));
    EXPECT_EQ(status_of(running.admin_port(), "/healthz"), 200);
    http_client fresh(running.port()); // what a load balancer still sends until it has noticed
    fresh.send(request_bytes());
    EXPECT_EQ(fresh.receive().status, success());
    EXPECT_EQ(metrics::scrape(running.admin_port()).find("process_open_fds").size(), 1U);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, new_connections_are_refused_after_the_delay) {
    service running(with({"--threads", "1"})); // one thread sees what is held before the probe
    const auto bytes = request_bytes();
    http_client holding(running.port());
    holding.send(std::string_view(bytes).substr(0, bytes.size() - 1));
    EXPECT_EQ(status_of(running.port(), "/healthz"), 200);
    running.running().signal(SIGTERM);
    EXPECT_TRUE(wait_until([&] { return status_of(running.port(), "/healthz") != 200; }));
    holding.send(std::string_view(bytes).substr(bytes.size() - 1));
    EXPECT_NE(holding.receive().status, 0);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, a_client_that_never_finishes_does_not_hold_it_up_for_ever) {
    service running(with({"--drain-timeout", "500ms", "--header-timeout", "300s", "--body-timeout", "300s"}));
    http_client stuck(running.port());
    stuck.send("POST /api/devices HTTP/1.1\r\nHost: test\r\nContent-Le");
    EXPECT_EQ(status_of(running.port(), "/healthz"), 200);
    running.running().signal(SIGTERM);
    const auto status = running.running().wait();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->signal, 0);
    EXPECT_FALSE(has_sanitizer_report(running.log()));
    running.stop(); // 0 or 1: something was cut, both are honest
}

TEST(service_drain, a_second_signal_does_not_make_it_crash) {
    service running(with({"--drain-delay", "30s"}));
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.admin_port(), "/readyz") == 503; }));
    running.running().signal(SIGTERM);
    const auto status = running.running().wait(45s); // at once, or after the delay
    ASSERT_TRUE(status);
    EXPECT_EQ(status->signal, 0);
    running.stop();
}

} // namespace beastmark::testing
