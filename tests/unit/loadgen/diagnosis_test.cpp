#include "loadgen/cpu_placement.hpp"
#include "loadgen/diagnosis.hpp"
#include "loadgen/grouped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

calibration_run clean_run(double rps) {
    return {.rps = rps,
            .became = attempt::clean,
            .response = {.count = 1000, .p50_us = 38, .p99_us = 91},
            .generator_lag = {.count = 1000, .p50_us = 9, .p99_us = 70, .p999_us = 210}};
}

/// Clean up to 61,000/s; beyond it loadgen's own CPU is the limit.
diagnosis found() {
    diagnosis d;
    d.measured.clean_rps = 61'000;
    d.measured.lowest = clean_run(1000);
    d.measured.half = clean_run(31'000);
    d.measured.beyond = calibration_run{.rps = 66'000,
                                        .became = attempt::unclean,
                                        .judged = {verdict::generator_limited, cause::own_cpu},
                                        .why = "a load thread used 99 % of its core"};
    d.measured.runs = {*d.measured.lowest, *d.measured.beyond};
    d.timer = {.count = 999, .p50_us = 20, .p99_us = 60, .worst_us = 300};
    d.findings = {{"clock", finding_kind::ok, "tsc", ""}};
    d.with.placement = {.server = {0}, .load = {1, 2}};
    return d;
}

void add_problem(diagnosis& d) {
    d.findings.push_back({"descriptors", finding_kind::problem, "256 for 500 connections", "ask for fewer"});
}

TEST(diagnosis, begins_with_what_loadgen_is_good_for) {
    EXPECT_THAT(text_of(found()),
                StartsWith("clean up to 61,000 requests/s  (p99.9 generator lag 210 us, latency "
                           "floor 38.0 us p50)\n"));
    EXPECT_THAT(text_of(found()), Not(HasSubstr("you ask")));
    EXPECT_THAT(text_of(found()), HasSubstr("CPU 1,2, the null server on CPU 0"));
    EXPECT_THAT(text_of(found()), HasSubstr("at 66,000/s: a load thread used 99 %"));
}

TEST(diagnosis, is_good_up_to_the_clean_rate) {
    auto d = found();
    EXPECT_EQ(d.good(), std::nullopt);
    d.wish.rate = 61'000;
    EXPECT_EQ(d.good(), true);
    EXPECT_THAT(text_of(d), HasSubstr("\nyou ask 61,000: ok\n"));
    d.wish.rate = 61'001;
    EXPECT_EQ(d.good(), false);
    EXPECT_THAT(text_of(d), HasSubstr("\nyou ask 61,001: no: more than is clean here\n"));
}

TEST(diagnosis, is_not_good_with_a_problem_but_with_a_warning) {
    auto d = found();
    d.wish.rate = 20'000;
    d.findings.push_back({"steal", finding_kind::warning, "3.0 %", "use a quieter machine"});
    EXPECT_EQ(d.good(), true);
    add_problem(d);
    EXPECT_EQ(d.good(), false);
    EXPECT_THAT(text_of(d), HasSubstr("you ask 20,000: no: see the problem below"));
    EXPECT_THAT(text_of(d), HasSubstr("problem  descriptors 256 for 500 connections\n"));
}

TEST(diagnosis, says_when_it_was_not_loadgen_that_ended_the_search) {
    auto d = found();
    EXPECT_FALSE(d.measured.at_least());
    d.wish.rate = 80'000;
    d.measured.beyond->judged = {verdict::server_saturated, cause::backlog};
    EXPECT_TRUE(d.measured.at_least());
    EXPECT_THAT(text_of(d), StartsWith("clean up to at least 61,000"));
    EXPECT_THAT(text_of(d), HasSubstr("more than could be shown"));
    d.measured.beyond->judged = {verdict::disturbed, cause::run_queue};
    d.measured.beyond->became = attempt::disturbed;
    EXPECT_TRUE(d.measured.at_least());
    EXPECT_THAT(text_of(d), HasSubstr("not while something else takes the CPU"));
    d.measured.beyond.reset(); // the highest rate there is
    EXPECT_TRUE(d.measured.at_least());
    EXPECT_FALSE(calibration{}.at_least());
}

TEST(diagnosis, tells_when_nothing_was_clean) {
    diagnosis d;
    d.wish.rate = 10;
    d.measured.beyond = calibration_run{.rps = 125, .why = "it stood still"};
    EXPECT_THAT(text_of(d), StartsWith("not clean even at 125 requests/s\nyou ask 10: no"));
    d.measured.beyond->became = attempt::disturbed;
    EXPECT_THAT(text_of(d), StartsWith("too busy to tell"));
    EXPECT_EQ(d.good(), false);
    const auto json = json_of(d, 3);
    EXPECT_EQ(json["clean_rps"], nullptr);
    EXPECT_EQ(json["latency_floor"], nullptr);
    EXPECT_EQ(json["half"], nullptr);
}

TEST(diagnosis, one_core_for_both_is_said) {
    auto d = found();
    d.with.placement = place(std::vector<unsigned>{3});
    EXPECT_THAT(text_of(d), HasSubstr("share one core"));
    EXPECT_EQ(json_of(d, 0)["measured_with"]["shared"], true);
}

TEST(diagnosis, no_line_passes_100_columns) {
    auto d = found();
    d.measured.beyond->why = std::string(3, 'x');
    for (int i = 0; i < 100; ++i)
        d.measured.beyond->why += " word";
    add_problem(d);
    d.findings.back().way_out = d.measured.beyond->why;
    std::size_t column = 0;
    for (const char c : text_of(d)) {
        column = c == '\n' ? 0 : column + 1;
        ASSERT_LE(column, 100u);
    }
}

TEST(diagnosis, json_carries_all_figures) {
    auto d = found();
    d.wish = {.rate = 20'000, .connections = 64, .threads = 2};
    const auto json = json_of(d, 0);
    EXPECT_EQ(json["schema"], "loadgen.doctor/1");
    EXPECT_EQ(json["asked"]["rps"], 20'000);
    EXPECT_EQ(json["good"], true);
    EXPECT_EQ(json["clean_rps"], 61'000);
    EXPECT_EQ(json["clean_is_at_least"], false);
    EXPECT_EQ(json["latency_floor"]["response"]["p50_us"], 38);
    EXPECT_EQ(json["half"]["generator_lag"]["p999_us"], 210);
    EXPECT_EQ(json["beyond"]["cause"], "own-cpu");
    EXPECT_EQ(json["beyond"]["response"], nullptr);
    EXPECT_EQ(json["timer"]["worst_us"], 300);
    EXPECT_EQ(json["runs"].size(), 2u);
    EXPECT_EQ(json["checks"][0]["is"], "ok");
}

TEST(grouped, puts_commas_between_thousands) {
    EXPECT_EQ(grouped(0U), "0");
    EXPECT_EQ(grouped(999U), "999");
    EXPECT_EQ(grouped(1000U), "1,000");
    EXPECT_EQ(grouped(1'234'567U), "1,234,567");
}

} // namespace
} // namespace beastmark::loadgen
