// Where a service listens, and what it logs.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/ports.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

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

TEST(service_addresses, both_versions_of_ip_reach_the_address_of_all) {
    if (!has_version_6())
        GTEST_SKIP() << "this machine has no IPv6";
    const auto port = free_port();
    const auto admin_port = free_port();
    auto arguments = options_under_test().arguments;
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
    service running(options_under_test({"--log-format", "json"}));
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
