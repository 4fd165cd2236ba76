// SIGTERM: what has begun is answered, what is new is not let in, and the end is quick and clean.

#include "tests/contract/good_request.hpp"
#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>
#include <vector>

namespace beastmark::testing {

namespace {

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
                if (!client.try_send(good_request()))
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

} // namespace

TEST(service_drain, of_an_idle_service_is_quick) {
    service running(options_under_test());
    http_client idle(running.port());
    idle.send(good_request());
    EXPECT_EQ(idle.receive().status, success());
    http_client silent(running.port());
    running.running().signal(SIGTERM);
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    EXPECT_EQ(silent.wait_for_end(), ending::closed);
    EXPECT_EQ(running.running().wait(8s), (exit_status{0, 0}))
        << "idle connections held it up"; // --drain-timeout 10s
}

TEST(service_drain, sigint_is_as_good_as_sigterm) {
    service running(options_under_test());
    running.running().signal(SIGINT);
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, under_traffic_loses_no_answer) {
    service running(options_under_test());
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
    service running(options_under_test());
    freeze(
        running.running().pid()); // so that connections and requests wait in the kernel when the signal comes
    std::vector<http_client> clients;
    for (int i = 0; i < 100; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(good_request());
    }
    running.running().signal(SIGTERM);
    running.running().signal(SIGCONT);
    for (auto& client : clients)
        EXPECT_EQ(client.receive().status, success());
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain, what_arrived_before_the_signal_is_answered) {
    service running(options_under_test());
    http_client kept(running.port());
    kept.send(good_request());
    EXPECT_EQ(kept.receive().status, success());
    std::vector<http_client> clients;
    for (int i = 0; i < 100; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(good_request());
    }
    kept.send(good_request());
    running.running().signal(SIGTERM); // all requests have been delivered, few have been read
    EXPECT_EQ(kept.receive().status, success());
    for (auto& client : clients)
        EXPECT_EQ(client.receive().status, success());
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

} // namespace beastmark::testing
