// loadgen's own metrics as Prometheus meets them: during a run, after it, and never again.
#include "fault_server.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

process_options command(std::vector<std::string> arguments) {
    const std::vector<std::string> program{BEASTMARK_BIN_DIR "/loadgen", "run"};
    arguments.insert(arguments.begin(), program.begin(), program.end());
    return {.arguments = std::move(arguments)};
}

bool has_said(const process& child, const std::string& text) {
    return child.err().find(text) != std::string::npos;
}

struct measured_run {
    process child;
    std::uint16_t port = 0;
};

// Starts it with --metrics on a port that it could have.
measured_run start(const std::vector<std::string>& arguments) {
    for (;;) {
        measured_run r;
        r.port = free_port();
        auto all = arguments;
        all.insert(all.end(), {"--metrics", "127.0.0.1:" + std::to_string(r.port)});
        r.child = process(command(all));
        if (!wait_until([&] { return has_said(r.child, "metrics: http") || !r.child.running(); }) ||
            !has_said(r.child, "in use"))
            return r;
    }
}

bool answers(std::uint16_t port) {
    try {
        return fetch(port, "GET", "/metrics").status == 200;
    } catch (const http_error&) {
        return false;
    }
}

// Of ten requests one gets the wrong body, one is refused, one hangs until its timeout, one breaks off.
reply now_and_then(const request_seen& r) {
    switch (r.number % 10) {
    case 1:
        return {{answer(200, "sorry")}};
    case 3:
        return {{answer(503)}};
    case 5:
        return {{}, {}, and_then::hang};
    case 7:
        return {{}, {}, and_then::reset};
    default:
        return {{answer()}};
    }
}

double sum_of(const metrics& m, const std::string& name, const metric_labels& labels = {}) {
    const auto sum = m.sum(name, labels);
    EXPECT_TRUE(sum) << name;
    return sum.value_or(-1);
}

void expect_totals(const metrics& scraped, const nlohmann::json& target) {
    for (const auto& [outcome, count] : target["totals"]["outcomes"].items())
        EXPECT_EQ(sum_of(scraped, "loadgen_requests_total", {{"outcome", outcome}}), count.get<double>())
            << outcome;
    for (const auto& [status, count] : target["totals"]["statuses"].items())
        EXPECT_EQ(sum_of(scraped, "loadgen_requests_total", {{"code", status}}), count.get<double>())
            << status;
    EXPECT_EQ(sum_of(scraped, "loadgen_requests_total"), target["totals"]["offered"].get<double>());
    const auto& latency = target["latency"];
    const auto timeouts = latency["timed_out"]["count"].get<double>();
    EXPECT_EQ(timeouts, target["totals"]["outcomes"]["timeout"].get<double>());
    const std::string response = "loadgen_response_time_seconds_count";
    EXPECT_EQ(sum_of(scraped, response, {{"outcome", "timeout"}}), timeouts);
    EXPECT_EQ(sum_of(scraped, response, {{"outcome", "ok"}}),
              latency["response"]["count"].get<double>() - timeouts);
    EXPECT_EQ(sum_of(scraped, response, {{"outcome", "failed"}}), latency["failed"]["count"].get<double>());
    const std::vector<std::pair<std::string, std::string>> kinds{
        {"http_client_request_duration_seconds", "service"},
        {"loadgen_schedule_lag_seconds", "generator_lag"},
        {"loadgen_connection_wait_seconds", "connection_wait"}};
    for (const auto& [name, kind] : kinds) {
        const auto count = latency[kind]["count"].get<double>();
        EXPECT_EQ(sum_of(scraped, name + "_count"), count);
        EXPECT_EQ(sum_of(scraped, name + "_bucket", {{"le", "+Inf"}}), count);
        EXPECT_NEAR(sum_of(scraped, name + "_sum"), count * latency[kind]["mean_us"].get<double>() / 1e6,
                    1e-6);
    }
}

TEST(loadgen_metrics, the_last_scrape_says_what_result_json_says) {
    const fault_server server(now_and_then);
    const temporary_directory folder;
    auto [child, port] =
        start({"-R", "100", "-d", "3s", "-c", "16", "--timeout", "500ms", "--linger", "100s", "-o",
               folder.path().string(), "--expect-body-contains", "ok", "--target", "it=" + server.url()});
    const auto first = metrics::scrape(port);
    EXPECT_EQ(first.types().at("loadgen_response_time_seconds"), "histogram");
    EXPECT_EQ(first.types().at("loadgen_requests_total"), "counter");
    double during = 0;
    ASSERT_TRUE(wait_until([&] {
        during = sum_of(metrics::scrape(port), "loadgen_requests_total", {{"target", "it"}});
        return during > 0;
    })) << child.err();

    ASSERT_TRUE(wait_until([&] { return has_said(child, "stays for 1m40s"); })) << child.err();
    const auto last = metrics::scrape(port);
    const auto target = read_json(folder.path() / "result.json")["targets"]["it"];
    expect_totals(last, target);
    EXPECT_GT(target["totals"]["outcomes"]["timeout"], 0);
    EXPECT_GT(target["totals"]["outcomes"]["reset"], 0);
    EXPECT_GT(target["totals"]["outcomes"]["unexpected"], 0);
    EXPECT_LE(during, sum_of(last, "loadgen_requests_total"));
    EXPECT_EQ(sum_of(last, "loadgen_in_flight"), 0);
    EXPECT_EQ(sum_of(last, "loadgen_connections"), 0) << "all are closed";
    EXPECT_EQ(sum_of(last, "loadgen_window"), 1);
    EXPECT_GT(sum_of(last, "process_cpu_seconds_total"), 0);

    child.signal(SIGINT);
    const auto status = child.wait(); // much less than the linger
    ASSERT_TRUE(status) << "still there";
    EXPECT_THAT(status->code, AnyOf(0, 4)) << "the run itself was not interrupted";
    EXPECT_FALSE(answers(port));
}

TEST(loadgen_metrics, lingering_ends_by_itself) {
    const fault_server server(at_once);
    auto [child, port] = start({"-R", "20", "-d", "200ms", "-c", "2", "--linger", "300ms", server.url()});
    const auto status = child.wait();
    ASSERT_TRUE(status);
    EXPECT_THAT(status->code, AnyOf(0, 4)) << child.err();
    EXPECT_THAT(child.err(), HasSubstr("stays for 300ms"));
    EXPECT_FALSE(answers(port));
}

TEST(loadgen_metrics, a_run_tells_before_its_end_and_an_interrupted_one_does_not_linger) {
    const fault_server server(at_once);
    auto [child, port] = start({"-R", "100", "-d", "100s", "-c", "2", "--linger", "100s", server.url()});
    ASSERT_TRUE(wait_until([&] { return sum_of(metrics::scrape(port), "loadgen_requests_total") > 0; }));
    child.signal(SIGTERM);
    const auto status = child.wait();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code, 143);
    EXPECT_FALSE(has_said(child, "stays for"));
}

TEST(loadgen_metrics, a_port_that_is_taken_is_told_before_anything_is_sent) {
    const fault_server server(at_once);
    const auto port = std::to_string(server.port());
    for (const std::string& where : {"127.0.0.1:" + port, ":" + port}) {
        const auto ended = run(command({"-R", "100", "-d", "1s", "--metrics", where, server.url()}));
        EXPECT_EQ(ended.status.code, 1);
        EXPECT_THAT(ended.err, HasSubstr(port + ": Address already in use; stop the program"));
        EXPECT_THAT(ended.err, HasSubstr("or give --metrics another port"));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    }
    EXPECT_EQ(server.connections(), 0U);
}

TEST(loadgen_metrics, wrong_use_is_told_in_one_line) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"--metrics", "here"}, "--metrics 'here': the port is missing"},
        {{"--metrics", ":99999"}, "--metrics ':99999': the port is not a number from 1 to 65535"},
        {{"--linger", "1s"}, "give --metrics, too"},
        {{"--metrics", ":1", "--linger", "15"}, "--linger '15'"},
        {{"--metrics", ":1", "--linger", "48h"}, "up to 24h"},
    };
    for (const auto& [arguments, message] : cases) {
        auto all = arguments;
        all.insert(all.end(), {"-R", "10", "http://127.0.0.1:1/"});
        const auto ended = run(command(all));
        EXPECT_EQ(ended.status.code, 2) << message;
        EXPECT_THAT(ended.err, HasSubstr(message));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    }
}

} // namespace
} // namespace beastmark::testing
