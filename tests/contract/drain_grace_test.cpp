// --drain-grace: what a connection is told before it is closed.

#include "tests/contract/good_request.hpp"
#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <utility>
#include <vector>

namespace beastmark::testing {

namespace {

/// The signal, and returns when every core drains: none takes a new connection any more.
void begin_drain(service& running) {
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.port(), "/healthz") == 0; }));
}

} // namespace

TEST(service_drain_grace, an_idle_connection_is_told_close_with_its_next_answer) {
    service running(options_under_test({"--drain-grace", "60s", "--drain-timeout", "60s"}));
    http_client idle(running.port());
    idle.send(good_request());
    EXPECT_EQ(idle.receive().status, success());
    begin_drain(running);
    idle.send(good_request());
    const auto response = idle.receive();
    EXPECT_EQ(response.status, success());
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    idle.abort();
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0})); // nobody is left: no need to wait for the rest
}

TEST(service_drain_grace, idle_connections_are_closed_when_it_ends) {
    service running(options_under_test({"--drain-grace", "200ms", "--drain-timeout", "60s"}));
    http_client idle(running.port());
    idle.send(good_request());
    EXPECT_EQ(idle.receive().status, success());
    running.running().signal(SIGTERM);
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    EXPECT_EQ(idle.pending(), "");
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain_grace, a_client_that_was_answered_and_stays_is_not_owed_anything) {
    service running(options_under_test({"--drain-grace", "300ms", "--drain-timeout", "5s"}));
    http_client stays(running.port());
    stays.send(good_request());
    EXPECT_EQ(stays.receive().status, success());
    running.running().signal(SIGTERM);
    stays.try_send(good_request()); // answered with close, or closed before it was seen
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0})) << running.log(); // stays never closes its side
}

TEST(service_drain_grace, every_request_sent_before_close_was_told_is_answered) {
    service running(options_under_test({"--drain-grace", "60s", "--drain-timeout", "60s"}));
    std::vector<http_client> clients;
    for (int i = 0; i < 64; ++i)
        clients.emplace_back(running.port());
    const auto ask_all = [&] {
        for (auto& client : clients)
            client.send(good_request());
        std::vector<http_client> kept;
        for (auto& client : clients) {
            const auto response = client.receive();
            ASSERT_EQ(response.status, success());
            if (response.header("Connection") != "close")
                kept.push_back(std::move(client));
        }
        clients = std::move(kept);
    };
    for (int round = 0; round < 5; ++round)
        ask_all();
    ASSERT_EQ(clients.size(), 64U);
    running.running().signal(SIGTERM); // while the rounds go on
    for (int round = 0; round < 100'000 && !clients.empty() && !::testing::Test::HasFailure(); ++round)
        ask_all();
    EXPECT_TRUE(clients.empty());
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

} // namespace beastmark::testing
