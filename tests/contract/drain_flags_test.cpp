// SIGTERM and the flags of our services: a delay before the end, a limit to it, one thread.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/metrics.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beastmark::testing {

namespace {

const std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";

std::string request_bytes() {
    return posts() ? request("POST", "/api/devices", body) : request("GET", "/api/devices");
}

int success() {
    return posts() ? 201 : 200;
}

service_options with(std::vector<std::string> arguments) {
    return options_under_test(std::move(arguments));
}

} // namespace

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
