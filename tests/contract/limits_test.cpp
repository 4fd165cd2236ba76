// Every bound of a service is a flag, and what goes over it is refused, counted by its reason, and harms
// nobody else. The connection's own scripts are in unit/server/http1_*_test.cpp.

#include "tests/contract/good_request.hpp"
#include "tests/contract/programs.hpp"
#include "tests/contract/rejected.hpp"
#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

std::string with_lines(const std::string& lines) {
    return (posts() ? "POST" : "GET") + std::string(" /api/devices HTTP/1.1\r\nHost: test\r\n") + lines +
           "Content-Length: " + std::to_string(good_body.size()) + "\r\n\r\n" + good_body;
}

std::string head_of(std::size_t size) {
    const auto bare = with_lines("X: \r\n").size() - good_body.size();
    return with_lines("X: " + std::string(size - bare, 'x') + "\r\n");
}

service_options with(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--threads", "1"});
    return options_under_test(std::move(arguments));
}

int status_for(const service& running, const std::string& bytes) {
    http_client client(running.port());
    client.send(bytes);
    return client.receive().status;
}

std::size_t open_descriptors(::pid_t pid) {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void limit_descriptors(::pid_t pid, rlim_t limit) {
    rlimit now{};
    ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &now), 0);
    now.rlim_cur = limit;
    ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &now, nullptr), 0);
}

/// User and system time, in seconds.
double cpu_seconds(::pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream words(text.substr(text.rfind(')') + 2));
    std::array<std::string, 13> fields; // from the third, state, to the fifteenth, stime
    for (auto& each : fields)
        words >> each;
    return (std::stod(fields[11]) + std::stod(fields[12])) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace

TEST(service_limits, head_bytes) {
    const service running(with({"--max-head-bytes", "300"}));
    EXPECT_EQ(status_for(running, head_of(300)), success());
    EXPECT_EQ(rejected(running, "head_size"), 0);
    EXPECT_EQ(status_for(running, head_of(301)), 431);
    EXPECT_EQ(rejected(running, "head_size"), 1);
}

TEST(service_limits, header_fields) {
    const service running(with({"--max-headers", "4"}));
    EXPECT_EQ(status_for(running, with_lines("A: b\r\nC: d\r\n")), success());
    EXPECT_EQ(rejected(running, "header_count"), 0);
    EXPECT_EQ(status_for(running, with_lines("A: b\r\nC: d\r\nE: f\r\n")), 431);
    EXPECT_EQ(rejected(running, "header_count"), 1);
}

TEST(service_limits, body_bytes) {
    const auto size = std::to_string(good_body.size());
    const service just(with({"--max-body-bytes", size}));
    EXPECT_EQ(status_for(just, with_lines("")), success());
    EXPECT_EQ(rejected(just, "body_size"), 0);
    const service below(with({"--max-body-bytes", std::to_string(good_body.size() - 1)}));
    EXPECT_EQ(status_for(below, with_lines("")), 413);
    EXPECT_EQ(rejected(below, "body_size"), 1);
}

TEST(service_limits, requests_of_a_connection) {
    const service running(with({"--max-requests-per-connection", "3"}));
    http_client client(running.port());
    for (const bool last : {false, false, true}) {
        client.send(with_lines(""));
        const auto response = client.receive();
        EXPECT_EQ(response.status, success());
        EXPECT_EQ(response.header("Connection").value_or("") == "close", last);
    }
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    EXPECT_EQ(rejected(running, "request_count"), 1);
}

TEST(service_limits, a_client_that_pipelines_beyond_the_last_request_can_read_its_answer) {
    const service running(with({"--max-requests-per-connection", "1"}));
    for (int round = 0; round < 20; ++round) {
        http_client client(running.port());
        for (int i = 0; i < 3; ++i)
            client.try_send(with_lines("")); // each a segment: some come when it has ended
        EXPECT_EQ(client.receive().status, success());
        EXPECT_EQ(client.wait_for_end(), ending::closed); // not reset
        EXPECT_EQ(client.pending(), "");
    }
}

TEST(service_limits, a_bound_on_pipelining_refuses_nothing) {
    const service running(with({"--max-pipelined", "2"}));
    http_client client(running.port());
    std::string all;
    for (int i = 0; i < 25; ++i)
        all += with_lines("");
    client.send(all);
    for (int i = 0; i < 25; ++i)
        EXPECT_EQ(client.receive().status, success());
}

TEST(service_limits, a_connection_more_waits_until_one_ends) {
    service running(with({"--max-connections", "2"}));
    http_client first(running.port());
    http_client second(running.port());
    for (auto* const each : {&first, &second}) {
        each->send(with_lines(""));
        EXPECT_EQ(each->receive().status, success());
    }
    EXPECT_EQ(rejected(running, "connection_count"), 0); // all who came are in
    http_client third(running.port());
    third.send(with_lines(""));
    EXPECT_TRUE(wait_until([&] { return rejected(running, "connection_count") == 1; }));
    EXPECT_EQ(third.pending(), "");
    second.finish_sending();
    EXPECT_EQ(third.receive().status, success());
}

TEST(service_limits, a_connection_that_waits_before_it_speaks_is_served) {
    const service running(with({}));
    http_client client(running.port());
    EXPECT_EQ(client.wait_for_end(500ms), ending::open); // several ticks
    client.send(with_lines(""));
    EXPECT_EQ(client.receive().status, success());
}

TEST(service_limits, without_descriptors_it_waits_quietly_and_serves_again) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "UndefinedBehaviorSanitizer needs descriptors itself to look at memory";
#endif
    service running(with({}));
    const auto pid = running.running().pid();
    EXPECT_EQ(status_for(running, with_lines("")), success());
    limit_descriptors(pid, open_descriptors(pid) + 3);
    std::vector<http_client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(with_lines(""));
    }
    EXPECT_EQ(clients.front().receive().status, success());
    const double before = cpu_seconds(pid);
    std::this_thread::sleep_for(1s);
    EXPECT_LT(cpu_seconds(pid) - before, 0.2); // ten attempts, not as many as the core can make
    EXPECT_TRUE(running.running().running());
    EXPECT_EQ(clients.back().receive_some(1ms), "");
    limit_descriptors(pid, 1000);
    for (std::size_t i = 1; i < clients.size(); ++i)
        EXPECT_EQ(clients[i].receive().status, success());
    EXPECT_GE(rejected(running, "descriptors"), 1);
}

TEST(service_limits, fewer_connections_than_threads_are_refused_with_the_numbers) {
    auto arguments = options_under_test({"--threads", "4", "--max-connections", "3"}).arguments;
    arguments.insert(arguments.begin(), built_program(program_under_test()));
    const auto ended = run({.arguments = arguments}, patience);
    EXPECT_EQ(ended.status, (exit_status{1, 0}));
    EXPECT_NE(ended.err.find("--max-connections 3 is below the 4 threads"), std::string::npos) << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

TEST(service_limits, a_bad_bound_is_one_line_and_exit_2) {
    for (const auto& [flag, value] :
         std::vector<std::pair<std::string, std::string>>{{"--max-head-bytes", "255"},
                                                          {"--max-head-bytes", "many"},
                                                          {"--max-headers", "0"},
                                                          {"--max-body-bytes", "0"},
                                                          {"--max-requests-per-connection", "-1"},
                                                          {"--max-pipelined", "0"},
                                                          {"--max-connections", "-1"},
                                                          {"--max-in-flight", "0"},
                                                          {"--max-queue-time", "0s"},
                                                          {"--drain-grace", "-1s"},
                                                          {"--log-format", "xml"},
                                                          {"--address", "localhost"}}) {
        const auto ended = run({.arguments = {built_program(program_under_test()), flag, value}}, patience);
        EXPECT_EQ(ended.status, (exit_status{2, 0})) << flag << " " << value;
        EXPECT_NE(ended.err.find(flag), std::string::npos) << ended.err;
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    }
}

} // namespace beastmark::testing
