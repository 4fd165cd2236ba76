// --drain-grace: what a connection is told before it is closed; and where a service listens and what it logs.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/ports.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

std::string request_bytes() {
    return posts() ? request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})")
                   : request("GET", "/api/devices");
}

int success() {
    return posts() ? 201 : 200;
}

service_options with(std::vector<std::string> arguments = {}) {
    return options_under_test(std::move(arguments));
}

/// The signal, and returns when every core drains: none takes a new connection any more.
void begin_drain(service& running) {
    running.running().signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return status_of(running.port(), "/healthz") == 0; }));
}

/// The first bytes of the answer to GET /healthz at an address of IP version 6; "none" where there is none.
std::string ask_version_6(const char* address, std::uint16_t port) {
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return "none";
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_port = htons(port);
    ::inet_pton(AF_INET6, address, &where.sin6_addr);
    std::string answer = "none";
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) {
        const std::string bytes = request("GET", "/healthz");
        char block[15] = "";
        if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0)
            answer.assign(block, static_cast<std::size_t>(
                                     std::max<ssize_t>(::recv(fd, block, sizeof block, MSG_WAITALL), 0)));
    }
    ::close(fd);
    return answer;
}

bool has_version_6() {
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_addr = in6addr_loopback;
    const bool can = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
    ::close(fd);
    return can;
}

} // namespace

TEST(service_drain_grace, an_idle_connection_is_told_close_with_its_next_answer) {
    service running(with({"--drain-grace", "60s", "--drain-timeout", "60s"}));
    http_client idle(running.port());
    idle.send(request_bytes());
    EXPECT_EQ(idle.receive().status, success());
    begin_drain(running);
    idle.send(request_bytes());
    const auto response = idle.receive();
    EXPECT_EQ(response.status, success());
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    idle.abort();
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0})); // nobody is left: no need to wait for the rest
}

TEST(service_drain_grace, idle_connections_are_closed_when_it_ends) {
    service running(with({"--drain-grace", "200ms", "--drain-timeout", "60s"}));
    http_client idle(running.port());
    idle.send(request_bytes());
    EXPECT_EQ(idle.receive().status, success());
    running.running().signal(SIGTERM);
    EXPECT_EQ(idle.wait_for_end(), ending::closed);
    EXPECT_EQ(idle.pending(), "");
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0}));
}

TEST(service_drain_grace, a_client_that_was_answered_and_stays_is_not_owed_anything) {
    service running(with({"--drain-grace", "300ms", "--drain-timeout", "600ms"}));
    http_client stays(running.port());
    stays.send(request_bytes());
    EXPECT_EQ(stays.receive().status, success());
    running.running().signal(SIGTERM);
    stays.try_send(request_bytes()); // answered with close, or closed before it was seen
    EXPECT_EQ(running.running().wait(), (exit_status{0, 0})) << running.log(); // stays never closes its side
}

TEST(service_drain_grace, every_request_sent_before_close_was_told_is_answered) {
    service running(with({"--drain-grace", "60s", "--drain-timeout", "60s"}));
    std::vector<http_client> clients;
    for (int i = 0; i < 64; ++i)
        clients.emplace_back(running.port());
    const auto ask_all = [&] {
        for (auto& client : clients)
            client.send(request_bytes());
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

TEST(service_addresses, both_versions_of_ip_reach_the_address_of_all) {
    if (!has_version_6())
        GTEST_SKIP() << "this machine has no IPv6";
    const auto port = free_port();
    const auto admin_port = free_port();
    auto arguments = with().arguments;
    const std::vector<std::string> listen = {
        "--address",       "::", "--port",       std::to_string(port),
        "--admin-address", "::", "--admin-port", std::to_string(admin_port)};
    arguments.insert(arguments.begin(), built_program(program_under_test()));
    arguments.insert(arguments.end(), listen.begin(), listen.end());
    process running({.arguments = arguments});
    EXPECT_TRUE(wait_until([&] { return status_of(port, "/healthz") == 200; })) << running.err();
    EXPECT_EQ(ask_version_6("::1", port), "HTTP/1.1 200 OK");
    EXPECT_EQ(ask_version_6("::1", admin_port), "HTTP/1.1 200 OK");
    EXPECT_EQ(status_of(admin_port, "/healthz"), 200);
    EXPECT_EQ(running.stop(), (exit_status{0, 0}));
}

TEST(service_log, as_json_is_an_object_on_each_line) {
    service running(with({"--log-format", "json"}));
    running.stop();
    std::istringstream lines(running.log());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        const auto said = nlohmann::json::parse(line, nullptr, false);
        ASSERT_TRUE(said.is_object()) << line;
        EXPECT_EQ(said.size(), 3U) << line;
        for (const char* field : {"time", "level", "message"})
            EXPECT_TRUE(said.contains(field) && said[field].is_string()) << line;
    }
    EXPECT_GE(count, 3); // serves, draining, drained
}

} // namespace beastmark::testing
