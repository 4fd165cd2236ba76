// Ctrl-C: what was measured until then is written, and said to be partial.

#include "tests/end_to_end/result_file.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/service.hpp"

#include <gtest/gtest.h>

#include <string>

namespace beastmark::testing {

namespace {

void expect_partial_result(int signal, int code) {
    service baseline({.program = "baseline"});
    loadgen_run load(
        {"-R", "500", "-d", "60s", "http://127.0.0.1:" + std::to_string(baseline.port()) + "/api/devices"});
    ASSERT_TRUE(wait_until([&] {
        return metrics::scrape(baseline.admin_port()).sum("http_server_request_duration_seconds_count") >=
               700;
    })) << load.running.err();
    load.running.signal(signal);
    ASSERT_EQ(load.running.wait(15s), (exit_status{code, 0})) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    EXPECT_EQ(result["run"]["interrupted"], true);
    EXPECT_EQ(result["run"]["exit_code"], code);
    EXPECT_EQ(result["run"]["planned_duration_s"], 60.0);
    EXPECT_LT(result["run"]["duration_s"], 60.0);
    const auto& target = *result["targets"].begin();
    EXPECT_GE(target["totals"]["outcomes"]["ok"], 600);
    EXPECT_EQ(target["stages"][0]["complete"], false);
    EXPECT_NE(load.report().find("</html>"), std::string::npos);
    EXPECT_FALSE(load.running.out().empty()) << "no summary";
}

} // namespace

TEST(loadgen_interrupt, sigint_leaves_a_partial_result) {
    expect_partial_result(SIGINT, 130);
}

TEST(loadgen_interrupt, sigterm_leaves_a_partial_result) {
    expect_partial_result(SIGTERM, 143);
}

TEST(loadgen_interrupt, before_the_first_answer_too) {
    service baseline({.program = "baseline"});
    loadgen_run load(
        {"-R", "1", "-d", "60s", "http://127.0.0.1:" + std::to_string(baseline.port()) + "/api/devices"});
    // Said once every connection is up: before that a signal ends it with nothing to report.
    ASSERT_TRUE(wait_until([&] { return load.running.err().find("requests over") != std::string::npos; }));
    load.running.signal(SIGINT);
    ASSERT_EQ(load.running.wait(15s), (exit_status{130, 0})) << load.running.err();
    expect_valid_result(load.result());
}

} // namespace beastmark::testing
