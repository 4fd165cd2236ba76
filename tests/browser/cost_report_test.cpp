// The page of a ramp up and down whose costs are known.
#include "tests/browser/browser.hpp"
#include "tests/browser/fixture.hpp"
#include "tests/browser/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json costs(int stage, double cpu_us, bool kept) {
    return {{"stage", stage},
            {"rate_rps", 1000.0 * (stage + 1)},
            {"achieved_rps", 990.0 * (stage + 1)},
            {"believable", stage != 2},
            {"kept_objectives", kept},
            {"cpu_cores", cpu_us * 990e-6 * (stage + 1)},
            {"cpu_us_per_request", cpu_us},
            {"rps_per_core", 1e6 / cpu_us},
            {"cost_per_million", 0.5 / (stage + 1)}};
}

json leg(double p99_us) {
    return {{"p50_us", p99_us / 2}, {"p99_us", p99_us}, {"error_rate", 0.0}, {"achieved_rps", 1000.0}};
}

/// Stages 0 to 3 go up and 4 to 6 down, at the rates of 2 to 0; those down are three times as slow.
json up_and_down() {
    json result = fixture::measured_staircase({.capacity_rps = 20'000, .stopped = false});
    json& target = result["targets"]["ingest"];
    for (int i = 4; i < 7; ++i) {
        json& stage = target["stages"][i];
        stage["from_rps"] = stage["to_rps"] = 1000.0 * (7 - i);
        for (const char* const figure : {"p50_us", "p99_us", "p999_us"})
            stage["latency"]["response"][figure] =
                3 * target["stages"][6 - i]["latency"]["response"][figure].get<double>();
    }
    target["recovery"] = {{"text", "On the way down <b>p99 is up to 3 times that on the way up. Back to "
                                   "normal 4 s after the overload ended."},
                          {"peak_rps", 4000.0},
                          {"up_stages", {0, 1, 2, 3}},
                          {"down_stages", {3, 4, 5, 6}},
                          {"pairs",
                           {{{"rate_rps", 1000.0},
                             {"up_stage", 0},
                             {"down_stage", 6},
                             {"believable", true},
                             {"up", leg(900)},
                             {"down", leg(2700)},
                             {"p99_ratio", 3.0}},
                            {{"rate_rps", 2000.0},
                             {"up_stage", 1},
                             {"down_stage", 6},
                             {"believable", false},
                             {"up", leg(1000)},
                             {"down", {{"p99_us", nullptr}}},
                             {"p99_ratio", nullptr}}}}};
    json stages = json::array();
    for (int i = 0; i < 8; ++i)
        stages.push_back(costs(i, 140 + i, i < 3));
    result["efficiency"] = {{"ingest",
                             {{"source", "scrape"},
                              {"of", "process_cpu_seconds_total of <i>here"},
                              {"why_not", nullptr},
                              {"price_per_hour", 1.8},
                              {"total", costs(7, 147, true)},
                              {"at_objectives", costs(1, 141, true)},
                              {"stages", stages}}}};
    return result;
}

/// What stands above the charts, and in the tables.
std::string told(const json& result) {
    return browser::told_by({result}, R"(
        const table = (label) => document.querySelector(`[aria-label="${label}"]`)?.parentElement.textContent ?? `no ${label}`;
        return [document.querySelector('header.headline').textContent, table('The same rates on the way up and down'),
            table('Stages'), table('Efficiency'), document.querySelector('main').textContent].join(' | ');)");
}

TEST(cost_report_in_browser, both_legs_and_the_cpu_of_each_rate_are_drawn) {
    const browser::visit visit = browser::open(browser::page_of({up_and_down()}));
    browser::expect_quiet(visit);
    browser::expect_drawn(visit, "target-1-recovery", {"p99, up", "p99, down", "p50, up", "p50, down"}, 4);
    browser::expect_drawn(visit, "target-1-efficiency", {"CPU per request"}, 8);
}

TEST(cost_report_in_browser, both_legs_and_what_each_stage_costs_are_told) {
    const auto said = told(up_and_down());
    EXPECT_THAT(said, HasSubstr("On the way down &lt;b&gt;p99 is up to 3 times"));
    EXPECT_THAT(said, HasSubstr("1k450 µs1.35 ms900 µs2.7 ms3×0 %0 %1k1k"));
    EXPECT_THAT(said, HasSubstr("2k not to be believed500 µs–1 ms––0 %–1k–"));
    EXPECT_THAT(said, HasSubstr("2 highest that kept the objectives2k1.98k0.28141 µs7.09k0.25kept"));
    EXPECT_THAT(said, HasSubstr("3 not to be believed"));
    EXPECT_THAT(said, HasSubstr("4k3.96k0.57143 µs6.99k0.125missed"));
    EXPECT_THAT(said, HasSubstr("CPU: process_cpu_seconds_total of &lt;i&gt;here."));
    EXPECT_THAT(said, HasSubstr("Cost: of 1.8 an hour"));
    EXPECT_THAT(said, HasSubstr("CPU per request147 µsof the service"))
        << "and not what the watched process says, in the headline";
}

TEST(cost_report_in_browser, why_there_is_no_cpu_is_told) {
    json result = up_and_down();
    json& found = result["efficiency"]["ingest"];
    found["why_not"] = "the Prometheus at http://p did not answer";
    found["price_per_hour"] = nullptr;
    for (json& stage : found["stages"])
        stage["cpu_us_per_request"] = nullptr;
    const auto said = told(result);
    EXPECT_THAT(said, HasSubstr("CPU is not known: the Prometheus at http://p did not answer."));
    EXPECT_THAT(said, HasSubstr("no Efficiency"));
}

TEST(cost_report_in_browser, a_result_without_either_has_neither) {
    const browser::visit visit = browser::open(browser::page_of({fixture::measured_staircase({})}));
    browser::expect_quiet(visit);
    EXPECT_TRUE(visit.chart("target-1-recovery").is_null());
    EXPECT_TRUE(visit.chart("target-1-efficiency").is_null());
    EXPECT_THAT(visit.dom, Not(HasSubstr("aria-label=\"Efficiency\"")));
}

} // namespace
} // namespace beastmark
