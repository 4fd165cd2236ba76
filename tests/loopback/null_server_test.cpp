// The server that loadgen is calibrated against, and how a run against it is judged.
#include "fault_server.hpp"
#include "loadgen/calibration.hpp"
#include "loadgen/null_server.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/timer_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class client {
public:
    explicit client(const null_server& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0), "socket") {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = ::htons(server.port());
        to.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        const int on = 1; // each piece at once
        ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0);
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// As much as is wanted; less when the server closes or nothing comes within `patience`.
    [[nodiscard]] std::string receive(std::size_t wanted, std::chrono::seconds patience = 30s) const {
        const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::string bytes(wanted, '\0');
        std::size_t have = 0;
        while (have < wanted) {
            const auto length = ::recv(socket_.get(), bytes.data() + have, wanted - have, 0);
            if (length <= 0)
                break;
            have += static_cast<std::size_t>(length);
        }
        bytes.resize(have);
        return bytes;
    }

    /// Without waiting: is there anything to read?
    [[nodiscard]] bool silent() const {
        char byte = 0;
        return ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
    }

private:
    descriptor socket_;
};

std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

TEST(null_server, answers_requests_that_come_in_pieces) {
    const null_server server;
    const client peer(server);
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
        peer.send(request.substr(0, cut));
        ASSERT_TRUE(peer.silent()) << cut;
        peer.send(request.substr(cut));
        ASSERT_EQ(peer.receive(answer.size()), answer) << cut;
    }
    EXPECT_TRUE(peer.silent());
}

TEST(null_server, answers_pipelined_requests_one_for_one) {
    const null_server server;
    const client peer(server);
    constexpr std::size_t many = 300;
    peer.send(repeat(request, many) + std::string(request.substr(0, 9)));
    EXPECT_EQ(peer.receive(many * answer.size()), repeat(answer, many));
    EXPECT_TRUE(peer.silent());
    peer.send(request.substr(9));
    EXPECT_EQ(peer.receive(answer.size()), answer);
}

TEST(null_server, loses_no_byte_to_a_client_that_reads_late) {
    const null_server server;
    const client late(server);
    const client other(server);
    // Answers of 6 MB are more than sockets buffer by themselves; the requests for them are not.
    constexpr std::size_t many = 150'000;
    std::thread sending([&late] { late.send(repeat("\r\n\r\n", many)); });
    other.send(request);
    EXPECT_EQ(other.receive(answer.size()), answer);
    const auto all = late.receive(many * answer.size());
    sending.join();
    ASSERT_EQ(all.size(), many * answer.size());
    EXPECT_TRUE(all == repeat(answer, many));
    late.send(request);
    EXPECT_EQ(late.receive(answer.size()), answer);
}

TEST(null_server, closes_its_connections_when_it_ends) {
    auto server = std::make_unique<null_server>();
    const client peer(*server);
    peer.send(request);
    EXPECT_EQ(peer.receive(answer.size()), answer);
    server.reset();
    EXPECT_FALSE(peer.silent());
    EXPECT_EQ(peer.receive(1), "");
}

run_record hold(const std::string& url, double rps) {
    run_options o;
    o.targets = {parse_target(url)};
    o.stages = {{stage_kind::hold, 1s, rps, rps, 1}};
    o.connections = 4;
    o.timeout = 20s;
    return run(make_plan(o), std::nullopt, {});
}

TEST(judge_run, an_unanswered_arrival_is_enough_to_be_unclean) {
    // Too few to call the service saturated.
    const testing::fault_server server([](const testing::request_seen& r) {
        return testing::reply{{testing::answer(r.number == 300 ? 503 : 200)}};
    });
    const auto seen = judge_run(500, hold(server.url(), 500));
    EXPECT_NE(seen.became, attempt::clean);
    if (seen.judged.is == verdict::valid) { // a machine that is busy with other tests is told first
        EXPECT_EQ(seen.why, "499 of 500 requests were answered");
    }
}

TEST(judge_run, a_saturated_server_is_unclean) {
    const testing::fault_server server(
        [](const testing::request_seen&) { return testing::reply{{testing::answer(503)}}; });
    const auto seen = judge_run(500, hold(server.url(), 500));
    EXPECT_NE(seen.became, attempt::clean);
    EXPECT_NE(seen.why, "");
    if (seen.judged.is == verdict::server_saturated) {
        EXPECT_THAT(seen.why, ::testing::StartsWith("the null server was the limit: 100 % of the requests"));
    }
}

TEST(judge_run, tells_response_and_lag) {
    const null_server server;
    const auto seen = judge_run(200, hold(server.url(), 200));
    EXPECT_EQ(seen.response.count, 200u);
    EXPECT_EQ(seen.generator_lag.count, 200u);
    EXPECT_EQ(seen.why.empty(), seen.became == attempt::clean) << seen.why;
}

TEST(timer_error, counts_each_timer_that_was_waited_for) {
    const auto found = measure_timer_error(100ms);
    EXPECT_EQ(found.count, 99u);
    EXPECT_GT(found.p50_us, 0);
    EXPECT_LE(found.p50_us, found.p99_us);
    EXPECT_LE(found.p99_us, found.worst_us);
}

} // namespace
} // namespace beastmark::loadgen
