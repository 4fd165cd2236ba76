// loadgen used wrongly: one clear line, exit 2 for what was typed, exit 1 for what cannot be.

#include "tests/end_to_end/result_file.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

void expect_one_line(const finished_process& finished, int code, const std::string& about) {
    EXPECT_EQ(finished.status, (exit_status{code, 0})) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(about));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_EQ(finished.out, "");
}

std::string nothing_listens() {
    return "http://127.0.0.1:" + std::to_string(free_port()) + "/";
}

} // namespace

TEST(loadgen_usage, no_url) {
    expect_one_line(loadgen({"run"}), 2, "URL");
    expect_one_line(loadgen({"run", "-R", "10", "-d", "1s"}), 2, "URL");
}

TEST(loadgen_usage, unknown_flag) {
    expect_one_line(loadgen({"run", "-R", "10", "--no-such-flag", nothing_listens()}), 2, "--no-such-flag");
}

TEST(loadgen_usage, unknown_subcommand) {
    EXPECT_EQ(loadgen({"fly"}).status, (exit_status{2, 0}));
    EXPECT_EQ(loadgen({}).status, (exit_status{2, 0}));
}

TEST(loadgen_usage, values_that_make_no_sense) {
    const std::string url = nothing_listens();
    const auto refused = [&](std::vector<std::string> arguments, const std::string& about) {
        SCOPED_TRACE(::testing::PrintToString(arguments));
        arguments.insert(arguments.begin(), "run");
        arguments.push_back(url);
        expect_one_line(loadgen(arguments), 2, about);
    };
    for (const std::string rate : {"fast", "-5", "0", "10x", "nan"})
        refused({"-R", rate}, rate);
    refused({"-R", "10", "-d", "soon"}, "soon");
    refused({"-R", "10", "-d", "0s"}, "0s");
    refused({"-R", "10", "-c", "0"}, "-c");
    refused({"-R", "10", "-c", "many"}, "many");
    refused({"-R", "10", "--timeout", "0s"}, "--timeout");
    refused({"-R", "10", "--timeout", "121s"}, "up to 2m");
    refused({"--stage", "10s"}, "10s");
    refused({"--stage", "10s:100..200/0"}, "100..200/0");
    refused({"-R", "10", "--stop-when", "whenever"}, "whenever");
    refused({"-R", "10", "-m", "POST", "-b", "{{nonsense}}"}, "nonsense");
    refused({"-R", "10", "-H", "no colon"}, "no colon");
    refused({"-R", "10", "--target", "no-url"}, "no-url");
    refused({"-R", "10", "--watch", "name=notapid"}, "notapid");
    refused({"-R", "10", "--expect", "9999"}, "9999");
}

TEST(loadgen_usage, urls_that_are_none) {
    for (const std::string url :
         {"ftp://127.0.0.1/", "127.0.0.1", "http://", "http://127.0.0.1:99999/", "http://a b/"})
        EXPECT_EQ(loadgen({"run", "-R", "10", "-d", "1s", url}).status.code, 2) << url;
}

TEST(loadgen_usage, unreachable_host) {
    const auto url = nothing_listens();
    expect_one_line(loadgen({"run", "-R", "10", "-d", "1s", url}), 1, url.substr(7, url.size() - 8));
}

TEST(loadgen_usage, name_that_does_not_resolve) {
    expect_one_line(loadgen({"run", "-R", "10", "-d", "1s", "http://no-such-host.invalid/"}), 1,
                    "no-such-host.invalid");
}

TEST(loadgen_usage, more_connections_than_descriptors) {
    service baseline({.program = "baseline"});
    const auto finished = loadgen({"run", "-R", "10", "-d", "1s", "-c", "4000",
                                   "http://127.0.0.1:" + std::to_string(baseline.port()) + "/api/devices"},
                                  {.descriptors = 256});
    expect_one_line(finished, 1, "256");
    EXPECT_THAT(finished.err, HasSubstr("4000"));
}

TEST(loadgen_usage, body_file_that_is_not_there) {
    expect_one_line(
        loadgen({"run", "-R", "10", "-m", "POST", "-b", "@/nowhere/body.json", nothing_listens()}), 1,
        "/nowhere/body.json");
}

TEST(loadgen_usage, header_that_would_be_two) {
    EXPECT_EQ(loadgen({"run", "-R", "10", "-H", "X-A: b\r\nX-Injected: c", nothing_listens()}).status.code,
              2);
}

TEST(loadgen_usage, output_directory_that_cannot_be_made) {
    service baseline({.program = "baseline"});
    const auto finished = loadgen({"run", "-R", "10", "-d", "1s", "-o", "/dev/null/out",
                                   "http://127.0.0.1:" + std::to_string(baseline.port()) + "/api/devices"});
    expect_one_line(finished, 1, "/dev/null/out"); // before the run, not after it
}

TEST(loadgen_usage, help_and_version) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--help"}, {"run", "--help"}}) {
        const auto finished = loadgen(arguments);
        EXPECT_EQ(finished.status, (exit_status{0, 0}));
        EXPECT_EQ(finished.err, "");
    }
    const auto help = loadgen({"run", "--help"}).out;
    for (const std::string flag :
         {"-R", "--stage", "-c", "-d", "-t", "-m", "-b", "-H", "--timeout", "--expect", "-o", "--stop-when",
          "--target", "--watch", "--scrape", "--label", "--name", "--plain"})
        EXPECT_THAT(help, HasSubstr(flag));
    const auto version = loadgen({"--version"});
    EXPECT_TRUE(std::regex_search(version.out,
                                  std::regex("^loadgen [0-9]+\\.[0-9]+\\.[0-9]+.*([0-9a-f]{7,}|unknown)")))
        << version.out;
}

} // namespace beastmark::testing
