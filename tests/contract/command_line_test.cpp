// The command line of the services: help, version, mistakes.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

finished_process call(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), built_program(program_under_test()));
    return run({.arguments = std::move(arguments), .environment = std::move(environment)});
}

void expect_one_line(const finished_process& finished, int code, const std::string& about) {
    EXPECT_EQ(finished.status, (exit_status{code, 0})) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(about));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_EQ(finished.out, "");
}

/// A stranger's listener, as another server would have it.
class listener {
public:
    explicit listener(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
    }

    ~listener() { ::close(fd_); }

    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

private:
    int fd_;
};

std::vector<std::string> on_ports(std::uint16_t port, std::uint16_t admin_port) {
    return {"--address",       "127.0.0.1", "--port",       std::to_string(port),
            "--admin-address", "127.0.0.1", "--admin-port", std::to_string(admin_port)};
}

std::vector<std::string> flags() {
    std::vector<std::string> all = {
        "--address",         "--port",           "--admin-address", "--admin-port",   "--threads",
        "--max-connections", "--header-timeout", "--body-timeout",  "--idle-timeout", "--write-timeout",
        "--drain-delay",     "--drain-timeout",  "--log-level",     "--help",         "--version"};
    if (posts())
        for (const std::string flag : {"--postgres", "--pool", "--pool-depth", "--memcached",
                                       "--request-timeout", "--cache-timeout", "--init-schema"})
            all.push_back(flag);
    return all;
}

} // namespace

TEST(service_command_line, help_names_every_flag_and_its_variable) {
    const auto finished = call({"--help"});
    EXPECT_EQ(finished.status, (exit_status{0, 0}));
    EXPECT_EQ(finished.err, "");
    for (const auto& flag : flags()) {
        EXPECT_THAT(finished.out, HasSubstr(flag));
        if (flag == "--help" || flag == "--version" || flag == "--init-schema")
            continue;
        std::string variable = "BEASTMARK_";
        for (const char c : flag.substr(2))
            variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        EXPECT_THAT(finished.out, HasSubstr(variable));
    }
}

TEST(service_command_line, version_holds_a_revision) {
    const auto finished = call({"--version"});
    EXPECT_EQ(finished.status, (exit_status{0, 0}));
    EXPECT_TRUE(std::regex_search(
        finished.out,
        std::regex("^" + program_under_test() + " [0-9]+\\.[0-9]+\\.[0-9]+.*([0-9a-f]{7,}|unknown)")))
        << finished.out;
}

TEST(service_command_line, usage_errors_are_one_line_and_exit_2) {
    expect_one_line(call({"--no-such-flag"}), 2, "--no-such-flag");
    expect_one_line(call({"stray"}), 2, "stray");
    expect_one_line(call({"--port"}), 2, "--port");
    for (const std::string value : {"http", "-1", "65536", "80x", ""})
        expect_one_line(call({"--port", value}), 2, "--port");
    for (const std::string value : {"five", "5", "-5s", "5 s", "5h5"})
        expect_one_line(call({"--idle-timeout", value}), 2, "--idle-timeout");
    expect_one_line(call({"--threads", "-1"}), 2, "--threads");
    expect_one_line(call({"--log-level", "shouting"}), 2, "--log-level");
    expect_one_line(call({"--address", "not an address"}), 2, "--address");
}

TEST(service_command_line, a_bad_variable_is_named) {
    expect_one_line(call({}, {"BEASTMARK_PORT=http"}), 2, "BEASTMARK_PORT");
    expect_one_line(call({}, {"BEASTMARK_HEADER_TIMEOUT=soon"}), 2, "BEASTMARK_HEADER_TIMEOUT");
}

TEST(service_command_line, a_port_that_is_taken_is_named) {
    auto options = options_under_test();
    const auto port = free_port();
    const listener stranger(port);
    for (const bool admin : {false, true}) {
        SCOPED_TRACE(admin ? "admin port" : "port");
        auto arguments = on_ports(admin ? free_port() : port, admin ? port : free_port());
        arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
        const auto finished = call(arguments);
        EXPECT_EQ(finished.status, (exit_status{1, 0}));
        EXPECT_THAT(finished.err, HasSubstr(std::to_string(port)));
        EXPECT_THAT(finished.err, HasSubstr("in use"));
        EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    }
}

// Both listen with SO_REUSEPORT: without a check the second would steal half of the first one's connections.
TEST(service_command_line, a_second_one_on_the_same_port_does_not_start) {
    auto options = options_under_test();
    service first(options);
    auto arguments = on_ports(first.port(), free_port());
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    const auto finished = call(arguments);
    EXPECT_EQ(finished.status, (exit_status{1, 0}));
    EXPECT_THAT(finished.err, HasSubstr(std::to_string(first.port())));
}

TEST(service_command_line, variables_set_what_flags_do_not) {
    auto options = options_under_test();
    const auto from_environment = free_port();
    const auto from_flag = free_port();
    auto arguments = options.arguments;
    arguments.insert(arguments.begin(), built_program(program_under_test()));
    arguments.insert(arguments.end(), {"--admin-port", std::to_string(from_flag)});
    process started({.arguments = arguments,
                     .environment = {"BEASTMARK_ADDRESS=127.0.0.1", "BEASTMARK_ADMIN_ADDRESS=127.0.0.1",
                                     "BEASTMARK_PORT=" + std::to_string(from_environment),
                                     "BEASTMARK_ADMIN_PORT=" + std::to_string(from_environment)}});
    EXPECT_TRUE(wait_until([&] { return status_of(from_flag, "/readyz") == 200; })) << started.err();
    EXPECT_EQ(status_of(from_environment, "/healthz"), 200);
    EXPECT_EQ(started.stop(), (exit_status{0, 0}));
}

TEST(service_command_line, threads_show_as_cores) {
    auto options = options_under_test({"--threads", "3"});
    service running(options);
    const auto text = fetch(running.admin_port(), "GET", "/metrics").body;
    std::size_t cores = 0;
    for (std::size_t at = 0; (at = text.find("\nbeastmark_connections{", at)) != std::string::npos; ++at)
        ++cores;
    EXPECT_EQ(cores, 3U);
}

TEST(service_command_line, max_connections_bounds_connections) {
    service running(options_under_test({"--max-connections", "4", "--threads", "1"}));
    std::vector<http_client> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(request("GET", "/healthz"));
        EXPECT_EQ(clients.back().receive().status, 200);
    }
    http_client fifth(running.port());
    fifth.try_send(request("GET", "/healthz"));
    try { // told, shut out, or left waiting in the listen queue: never served beside the four
        EXPECT_EQ(fifth.receive(false, 300ms).status, 503);
    } catch (const http_error&) {
    }
    clients.clear();
    EXPECT_TRUE(wait_until([&] { return status_of(running.port(), "/healthz") == 200; }));
}

} // namespace beastmark::testing
