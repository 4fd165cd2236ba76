// Clients that are slow, silent or do not read: they are told where HTTP has a word for it, and let go.

#include "tests/contract/good_request.hpp"
#include "tests/contract/programs.hpp"
#include "tests/contract/rejected.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/metrics.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <thread>

namespace beastmark::testing {

namespace {

std::string head() {
    return (posts() ? "POST" : "GET") +
           std::string(" /api/devices HTTP/1.1\r\nHost: test\r\nContent-Length: ") +
           std::to_string(good_body.size()) + "\r\n\r\n";
}

void expect_408_then_close(http_client& client) {
    const auto response = client.receive();
    EXPECT_EQ(response.status, 408) << response.body;
    EXPECT_NE(response.body.find("\"error\""), std::string::npos) << response.body;
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

/// Sends byte after byte, each well within the timeout, until the server has said something.
void dribble(http_client& client, const std::string& bytes) {
    for (const char byte : bytes) {
        if (!client.try_send({&byte, 1}) || client.wait_for_end(20ms) != ending::open ||
            !client.pending().empty())
            return;
    }
    FAIL() << "the server waited for all " << bytes.size() << " bytes";
}

double connections(const service& running) {
    return metrics::scrape(running.admin_port()).sum("beastmark_connections").value_or(-1);
}

} // namespace

TEST(service_timeouts, an_incomplete_head_is_408) {
    service running(options_under_test({"--header-timeout", "300ms"}));
    for (const std::string start :
         {"G", "GET /api/devices HTTP/1.1\r\n", "POST /api/devices HTTP/1.1\r\nHost: test\r\nX"}) {
        http_client client(running.port());
        client.send(start);
        expect_408_then_close(client);
    }
}

TEST(service_timeouts, an_incomplete_second_head_is_408) {
    service running(options_under_test({"--header-timeout", "300ms"}));
    http_client client(running.port());
    client.send(head() + good_body + head().substr(0, 20));
    EXPECT_EQ(client.receive().status, success());
    expect_408_then_close(client);
}

TEST(service_timeouts, an_incomplete_body_is_408) {
    service running(options_under_test({"--body-timeout", "300ms"}));
    for (const std::size_t sent : {std::size_t{0}, good_body.size() - 1}) {
        http_client client(running.port());
        client.send(head() + good_body.substr(0, sent));
        expect_408_then_close(client);
    }
    http_client chunked(running.port());
    chunked.send(
        (posts() ? "POST" : "GET") +
        std::string(" /api/devices HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2e\r\n{"));
    expect_408_then_close(chunked);
}

TEST(service_timeouts, each_byte_does_not_buy_more_time) {
    service running(options_under_test({"--header-timeout", "400ms", "--body-timeout", "400ms"}));
    http_client slow_head(running.port());
    dribble(slow_head, "GET /api/devices HTTP/1.1\r\nHost: test\r\nX-Long: " + std::string(1000, 'x'));
    expect_408_then_close(slow_head);

    http_client slow_body(running.port());
    slow_body.send("POST /api/devices HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
    dribble(slow_body, std::string(999, ' '));
    EXPECT_TRUE(slow_body.receive().status == 408 ||
                !posts()); // a GET-only target may refuse the method first
}

TEST(service_timeouts, an_idle_connection_is_closed_without_a_word) {
    service running(options_under_test({"--idle-timeout", "1s"}));
    http_client client(running.port());
    client.send(head() + good_body);
    EXPECT_EQ(client.receive().status, success());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    EXPECT_EQ(client.pending(), "");
    EXPECT_EQ(rejected(running, "idle_timeout"), 1);
}

TEST(service_timeouts, a_connection_that_never_spoke_is_closed) {
    service running(options_under_test({"--idle-timeout", "300ms", "--header-timeout", "300ms"}));
    http_client client(running.port());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    EXPECT_EQ(rejected(running, "idle_timeout"), 1);
}

TEST(service_timeouts, a_connection_in_use_is_not_idle) {
    service running(options_under_test({"--idle-timeout", "1s"}));
    http_client client(running.port());
    const auto end = std::chrono::steady_clock::now() + 1500ms;
    while (std::chrono::steady_clock::now() < end) {
        client.send(head() + good_body);
        ASSERT_EQ(client.receive().status, success());
    }
}

TEST(service_timeouts, a_client_that_does_not_read_is_let_go) {
    service running(options_under_test({"--write-timeout", "300ms", "--idle-timeout", "300s"}));
    http_client deaf(running.port(), "127.0.0.1", 4096);
    std::thread sender([&] { // until both directions are full, or the server has gone
        const std::string burst = [] {
            std::string all;
            for (int i = 0; i < 100; ++i)
                all += "GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n"; // an answer longer than itself
            return all;
        }();
        for (int i = 0; i < 4000 && deaf.try_send(burst); ++i) {
        }
    });
    EXPECT_TRUE(wait_until([&] { return rejected(running, "write_timeout") == 1; })) << running.log();
    EXPECT_TRUE(wait_until([&] { return connections(running) == 0; })) << running.log();
    sender.join();
    EXPECT_EQ(rejected(running, "idle_timeout"), 0);
    EXPECT_EQ(status_of(running.port(), "/healthz"), 200);
}

TEST(service_timeouts, an_unread_pipeline_does_not_hold_up_others_nor_eat_memory) {
    service running(options_under_test({"--write-timeout", "300s"}));
    http_client deaf(running.port(), "127.0.0.1", 4096);
    std::atomic<bool> finished = false;
    std::thread sender([&] {
        std::string burst;
        for (int i = 0; i < 100; ++i)
            burst += "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
        for (int i = 0; i < 4000 && !finished; ++i)
            if (!deaf.try_send(burst))
                break;
        finished = true;
    });
    const auto resident = [&] {
        return metrics::scrape(running.admin_port()).sum("process_resident_memory_bytes").value_or(0);
    };
    const double before = resident();
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(status_of(running.port(), "/healthz"), 200);
    EXPECT_LT(resident() - before, 32e6);
    finished = true;
    running.running().signal(SIGKILL); // ends the sender, whose socket is full
    sender.join();
    running.stop();
}

} // namespace beastmark::testing
