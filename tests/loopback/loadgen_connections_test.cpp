// How connections are made and how long they are used, by whole runs in this process. Counts are exact, times
// have wide tolerances.
#include "connection_threads.hpp"
#include "fault_server.hpp"
#include "http2_server.hpp"
#include "loadgen/lane.hpp"
#include "loadgen/run.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"
#include "tls_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::at_once;
using ::testing::ElementsAre;
using testing::fault_server;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using testing::reply;
using testing::request_seen;
using ::testing::SizeIs;

// 40 requests in 200 ms.
run_options options_for(const std::string& url) {
    run_options o;
    o.targets = {parse_target(url)};
    o.stages = {{stage_kind::hold, 200ms, 200, 200, 1}};
    o.connections = 4;
    o.timeout = 20s; // not because the machine is slow
    return o;
}

const tally& counts_of(const run_record& record) {
    const auto& counts = record.targets.front().total().counts;
    EXPECT_EQ(counts.settled(), counts.offered);
    return counts;
}

std::map<std::uint64_t, int> requests_by_connection(const fault_server& server) {
    std::map<std::uint64_t, int> all;
    for (const auto& r : server.requests())
        ++all[r.connection];
    return all;
}

TEST(keepalive_off, makes_a_connection_for_each_request_and_asks_for_its_end) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.keep_alive = false;
    options.method = "POST";
    options.body = "{{seq}}";
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    for (const auto& [connection, requests] : requests_by_connection(server))
        EXPECT_EQ(requests, 1) << connection;
    std::multiset<std::string> bodies;
    std::multiset<std::string> wanted;
    for (const auto& r : server.requests()) {
        EXPECT_THAT(r.head, HasSubstr("\r\nConnection: close\r\n"));
        bodies.insert(r.body);
        wanted.insert(std::to_string(wanted.size()));
    }
    EXPECT_EQ(bodies, wanted);
    EXPECT_EQ(server.connections(), 44u) << "each has looked before the start whether it can connect";
}

TEST(keepalive_off, says_of_the_connection_what_a_header_given_says) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.keep_alive = false;
    options.headers = {"connection: keep-alive"};
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    for (const auto& r : server.requests()) {
        EXPECT_THAT(r.head, HasSubstr("\r\nconnection: keep-alive\r\n"));
        EXPECT_THAT(r.head, Not(HasSubstr("close")));
    }
}

TEST(keepalive_off, has_tls_in_the_time_of_each_request) {
    const testing::temporary_directory folder;
    const testing::certificate_authority authority(folder.path());
    authority.issue("127.0.0.1", "server");
    testing::tls_front_options with;
    with.certificate = folder.path() / "server.crt";
    with.key = folder.path() / "server.key";
    const fault_server server(at_once);
    const testing::tls_front front(server.port(), with);
    auto options = options_for(front.url());
    options.rules.keep_alive = false;
    options.tls.ca_file = authority.certificate();
    const auto record = run(make_plan(options), {}, {});
    EXPECT_EQ(counts_of(record).of(outcome::ok), 40u);
    EXPECT_EQ(front.handshakes(), 44u);
    const auto& times = record.targets.front().total().times;
    EXPECT_EQ(times.tls_handshake.count(), 44u);
    EXPECT_GE(times.service.min(), times.tls_handshake.min());
}

TEST(keepalive_off, an_attempt_that_fails_is_that_requests_error_and_the_next_has_its_own) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.keep_alive = false;
    options.stages.front().duration = 2s;
    bool away = false;
    bool back = false;
    const auto record = run(make_plan(options), {}, {.tick = [&](const run_record&, run_time now) {
                                if (!away && now > 500ms) {
                                    server.go_away();
                                    away = true;
                                } else if (!back && now > 1s) {
                                    server.come_back();
                                    back = true;
                                }
                            }});
    ASSERT_TRUE(back);
    const auto& counts = counts_of(record);
    EXPECT_GT(counts.of(outcome::connect_error), 20u);
    EXPECT_GT(counts.of(outcome::ok), 100u);
    EXPECT_LE(counts.offered - counts.of(outcome::connect_error) - counts.of(outcome::ok), 4u)
        << "those under way when it went";
    EXPECT_EQ(counts.sent, counts.offered) << "none waited for a pause to end";
    EXPECT_DOUBLE_EQ(counts.availability().value_or(0),
                     static_cast<double>(counts.of(outcome::ok)) / static_cast<double>(counts.offered))
        << "none was in flight at the end";
    EXPECT_TRUE(std::any_of(counts.errors.begin(), counts.errors.end(), [](const error_count& e) {
        return describe(e.where, e.code) == "connect: Connection refused";
    }));
}

// A queue with room for one that nobody is taken from: who comes second gets no answer to his SYN.
TEST(keepalive_off, the_timeout_is_of_connecting_and_the_answer_together) {
    const auto [listener, port] = testing::listen_on_loopback(0);
    std::jthread first(
        [listener = listener] { // until the client closes: at once would be no connection to it
            const int socket = accept(listener, nullptr, nullptr);
            char nothing = 0;
            recv(socket, &nothing, 1, 0);
            close(socket);
        });
    auto options = options_for("http://127.0.0.1:" + std::to_string(port) + "/");
    options.rules.keep_alive = false;
    options.connections = 1;
    options.timeout = 100ms;
    options.stages.front() = {stage_kind::hold, 400ms, 10, 10, 1};
    const auto record = run(make_plan(options), {}, {});
    const auto& times = record.targets.front().total().times;
    EXPECT_GE(counts_of(record).of(outcome::timeout), 2u);
    EXPECT_EQ(times.connect.count(), 2u) << "of the look before the start and of the first";
    EXPECT_GE(times.service.min(), 100ms);
    close(listener);
}

TEST(keepalive_off, a_closed_loop_pauses_before_it_asks_again_where_nobody_is) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.keep_alive = false;
    options.connections = 2;
    options.stages.front() = {stage_kind::closed, 800ms, 0, 0, 1};
    std::jthread killer;
    const auto record = run(make_plan(options), {}, {.started = [&](const run_record&, auto) {
                                killer = std::jthread([&] {
                                    testing::wait_until([&] { return server.requests().size() >= 10; });
                                    server.go_away();
                                });
                            }});
    const auto& counts = counts_of(record);
    EXPECT_GE(counts.of(outcome::ok), 1u);
    EXPECT_GE(counts.of(outcome::connect_error), 1u);
    EXPECT_LE(counts.of(outcome::connect_error), 2u * 8);
}

TEST(source_ip, connections_come_from_the_addresses_in_turn) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.connections = 6;
    options.threads = 2;
    options.rules.sources = source_addresses::parse("127.0.0.2,127.0.0.3");
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    std::map<std::string, std::set<std::uint64_t>> connections;
    for (const auto& r : server.requests())
        connections[r.peer].insert(r.connection);
    EXPECT_THAT(connections, ElementsAre(Pair("127.0.0.2", SizeIs(3)), Pair("127.0.0.3", SizeIs(3))));
}

TEST(source_ip, an_address_that_cannot_be_used_is_named_before_the_start) {
    fault_server server(at_once);
    const auto refusal = [&](const char* sources) {
        auto options = options_for(server.url());
        options.rules.sources = source_addresses::parse(sources);
        try {
            run(make_plan(options), {}, {});
        } catch (const std::runtime_error& wrong) {
            return std::string(wrong.what());
        }
        return std::string("none");
    };
    EXPECT_THAT(refusal("127.0.0.1,192.0.2.1"), HasSubstr("cannot come from 192.0.2.1: Cannot assign"));
    EXPECT_THAT(refusal("::1"), HasSubstr("--source-ip has no IPv4 address, and 127.0.0.1 is one of"));
    EXPECT_EQ(server.connections(), 0u);
}

TEST(unix_socket, is_connected_to_instead_of_the_host) {
    const testing::temporary_directory folder;
    const auto path = (folder.path() / "a=b.sock").string();
    auto server = std::make_unique<fault_server>(at_once, path);
    auto options = options_for("http://no-such-host.invalid/x");
    options.unix_sockets["target"] = path;
    const auto record = run(make_plan(options), {}, {});
    EXPECT_EQ(counts_of(record).of(outcome::ok), 40u);
    EXPECT_EQ(server->connections(), 4u);
    EXPECT_THAT(server->requests().front().head, HasSubstr("Host: no-such-host.invalid\r\n"));
    EXPECT_TRUE(record.targets.front().addresses().empty());
    server.reset();
    try {
        run(make_plan(options), {}, {});
        FAIL() << "nobody is there";
    } catch (const std::runtime_error& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("cannot connect to " + path));
        EXPECT_THAT(refused.what(), HasSubstr("Connection refused"));
    }
}

TEST(auto_connections, become_as_many_as_it_takes) {
    fault_server server([](const request_seen&) { return reply{{answer()}, 50ms}; });
    auto options = options_for(server.url());
    options.rules.automatic = true;
    options.connections = 1000;
    options.threads = 2;
    options.stages.front() = {stage_kind::hold, 1200ms, 400, 400, 1};
    const auto record = run(make_plan(options), {}, {});
    EXPECT_EQ(counts_of(record).of(outcome::ok), 480u);
    EXPECT_GE(server.connections(), 20u) << "in flight at once";
    const auto& seconds = record.targets.front().windows();
    const auto paused = std::ranges::any_of(seconds, [](const auto& w) { return w.stall_max_us > 100'000; });
    if (!paused) { // what is in flight meanwhile looks like a slow server
        EXPECT_LT(server.connections(), 400u);
    }
    const auto& rows = record.targets.front().rows();
    EXPECT_GE(rows.front().connections, 20u);
    EXPECT_EQ(rows.back().connections, server.connections()) << "what is up is told";
    EXPECT_EQ(record.connections_reached(), server.connections());
    EXPECT_THAT(connections_text(record), HasSubstr("connections (auto, up to 1000)"));
}

TEST(auto_connections, of_what_is_answered_at_once_stay_few) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.automatic = true;
    options.connections = 1000;
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    EXPECT_LT(server.connections(), 40u);
}

TEST(auto_connections, stay_within_their_bound) {
    fault_server server([](const request_seen&) { return reply{{answer()}, 50ms}; });
    auto options = options_for(server.url());
    options.rules.automatic = true;
    options.connections = 6;
    options.stages.front().duration = 400ms;
    const auto record = run(make_plan(options), {}, {});
    EXPECT_EQ(server.connections(), 6u);
    EXPECT_EQ(record.targets.front().windows().front().most_connections, 6u);
}

// Counts those that are neither up nor given up: it never says a word, and https waits for one.
TEST(connecting, is_done_by_64_at_once) {
    const auto [listener, port] = testing::listen_on_loopback(1024);
    const auto url = "https://127.0.0.1:" + std::to_string(port) + "/";
    std::size_t most = 0;
    std::jthread server([&](const std::stop_token& end) {
        while (!end.stop_requested()) {
            std::vector<int> open;
            pollfd next{listener, POLLIN, 0};
            while (poll(&next, 1, 200) > 0)
                open.push_back(accept(listener, nullptr, nullptr));
            most = std::max(most, open.size());
            for (const int socket : open)
                close(socket);
        }
    });
    auto options = options_for(url);
    options.connections = 150;
    EXPECT_THROW(run(make_plan(options), {}, {}), std::runtime_error);
    server.request_stop();
    server.join();
    EXPECT_EQ(most, most_connecting);
    close(listener);
}

// Whoever connects to this listener from now on is heard no more: what has a payload is dropped.
void drop_what_is_said(int listener) {
    constexpr std::uint32_t longest_head = 60; // of TCP
    std::array<sock_filter, 4> program{{BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
                                        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, longest_head, 0, 1),
                                        BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)}};
    const sock_fprog filter{program.size(), program.data()};
    ASSERT_EQ(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
}

TEST(retransmissions, of_a_connection_that_never_served_stay_counted) {
    const auto [listener, port] = testing::listen_on_loopback(16);
    std::jthread server([listener = listener] {
        testing::http2_peer peer(
            [&](testing::http2_peer& client, const testing::http2_request_seen& request) {
                drop_what_is_said(listener);
                client.go_away(request.stream);
                client.answer(request.stream);
            });
        const int socket = accept(listener, nullptr, nullptr);
        std::array<char, 16'384> block{};
        ssize_t size = 0;
        do {
            const auto out = peer.output();
            send(socket, out.data(), out.size(), MSG_NOSIGNAL);
            size = recv(socket, block.data(), block.size(), 0);
        } while (size > 0 && peer.feed({block.data(), static_cast<std::size_t>(size)}));
        close(socket);
    });
    auto options = options_for("http://127.0.0.1:" + std::to_string(port) + "/");
    options.version = loadgen::http_version::http_2;
    options.connections = 1;
    options.timeout = 1500ms; // the next connection ends in the second row: its preface was not answered
    options.stages.front() = {stage_kind::hold, 2500ms, 10, 10, 1};
    const auto record = run(make_plan(options), {}, {});
    std::uint64_t all = 0;
    for (const auto& second : record.targets.front().windows()) {
        EXPECT_LT(second.retransmitted, 100u);
        all += second.retransmitted;
    }
    EXPECT_GT(all, 0u);
    close(listener);
}

TEST(requests_per_connection, end_it_and_the_next_goes_out_on_a_new_one) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.requests = 5;
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    const auto carried = requests_by_connection(server);
    EXPECT_GE(carried.size(), 8u);
    for (const auto& [connection, requests] : carried)
        EXPECT_LE(requests, 5) << connection;
    const auto unfinished =
        std::count_if(carried.begin(), carried.end(), [](const auto& c) { return c.second < 5; });
    EXPECT_LE(unfinished, 4) << "those that were up at the end";
}

TEST(requests_per_connection, are_counted_over_the_streams_of_http2) {
    std::mutex mutex;
    std::map<std::uint64_t, std::uint64_t> requests; // by connection
    const testing::http2_server server([&](testing::http2_peer& peer,
                                           const testing::http2_request_seen& request,
                                           std::uint64_t connection, std::uint64_t /*number*/) {
        peer.answer(request.stream, 204, "");
        const std::lock_guard lock(mutex);
        ++requests[connection];
    });
    auto options = options_for(server.url());
    options.version = loadgen::http_version::http_2;
    options.connections = 2;
    options.streams = 4;
    options.rules.requests = 3;
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    ASSERT_TRUE(testing::wait_until([&] { return server.connections() >= 15; }));
    const std::lock_guard lock(mutex);
    std::uint64_t all = 0;
    for (const auto& [connection, count] : requests) {
        EXPECT_LE(count, 3u) << connection;
        all += count;
    }
    EXPECT_EQ(all, 40u);
}

} // namespace
} // namespace beastmark::loadgen
