// SIGTERM and the flags of our services: a delay before the end, a limit to it, one thread.

#include "tests/contract/good_request.hpp"
#include "tests/contract/programs.hpp"
#include "tests/contract/rejected.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/metrics.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstddef>
#include <string_view>
#include <vector>

namespace beastmark::testing {

TEST(service_drain, a_request_that_has_begun_is_answered) {
    service running(options_under_test({"--threads", "1", // sees the pieces before the witness
                                        "--drain-grace", "0s", "--header-timeout", "60s", "--body-timeout",
                                        "60s", "--drain-timeout", "60s"}));
    const auto bytes = good_request();
    std::vector<http_client> begun;
    for (const std::size_t sent : {std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
        begun.emplace_back(running.port());
        begun.back().send(std::string_view(bytes).substr(0, sent));
    }
    http_client witness(running.port()); // idle: closed as soon as the drain has begun
    witness.send(good_request());
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
    service running(options_under_test({"--drain-delay", "4s"}));
    http_client kept(running.port());
    kept.send(good_request());
    EXPECT_EQ(kept.receive().status, success());
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.admin_port(), "/readyz") == 503; }));
    EXPECT_EQ(status_of(running.admin_port(), "/healthz"), 200);
    http_client fresh(running.port()); // what a load balancer still sends until it has noticed
    fresh.send(good_request());
    EXPECT_EQ(fresh.receive().status, success());
    EXPECT_EQ(metrics::scrape(running.admin_port()).find("process_open_fds").size(), 1U);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, new_connections_are_refused_after_the_delay) {
    service running(options_under_test({"--threads", "1"})); // one thread sees what is held before the probe
    const auto bytes = good_request();
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
    service running(options_under_test(
        {"--drain-timeout", "500ms", "--header-timeout", "300s", "--body-timeout", "300s"}));
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

TEST(service_drain, a_full_service_answers_who_waits_in_its_listen_queue) {
    service running(options_under_test({"--threads", "1", "--max-connections", "2", "--drain-grace", "0s"}));
    http_client first(running.port());
    http_client second(running.port());
    for (auto* const each : {&first, &second}) {
        each->send(good_request());
        EXPECT_EQ(each->receive().status, success());
    }
    http_client third(running.port());
    third.send(good_request());
    ASSERT_TRUE(wait_until([&] { return rejected(running, "connection_count") == 1; }));
    running.running().signal(SIGTERM);
    const auto response = third.receive();
    EXPECT_EQ(response.status, success());
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, a_second_signal_ends_it_at_once) {
    service running(options_under_test({"--drain-delay", "30s"}));
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.admin_port(), "/readyz") == 503; }));
    running.running().signal(SIGTERM);
    EXPECT_EQ(running.running().wait(5s), (exit_status{0, 0})); // nothing was under way
}

} // namespace beastmark::testing
