// The page of a run that compared two targets: the answer comes first.
#include "loadgen/paired/comparison.hpp"
#include "loadgen/paired/output.hpp"
#include "tests/browser/browser.hpp"
#include "tests/browser/comparison_fixture.hpp"
#include "tests/browser/fixture.hpp"
#include "tests/browser/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json compared() {
    loadgen::paired::comparison all{"a", "<b>", {}, 1, false};
    auto& stage = all.stages.emplace_back();
    stage.from_rps = stage.to_rps = 12'000;
    stage.windows = 20;
    stage.base_steady_s = stage.other_steady_s = 0;
    loadgen::paired::difference p99{
        .what = loadgen::paired::figure::p99_us, .base = 25'000, .other = 28'100, .mean = 3'100};
    p99.likely = p99.surely = {2'400, 3'900};
    p99.found = loadgen::paired::finding::worse;
    stage.differences = {p99};
    for (int i = 1; i <= 20; ++i)
        stage.by_window.push_back(
            {static_cast<double>(i), {0.0, 3'000.0 + 20 * i, -10.0 * i, 0.0, std::nullopt}});
    json result = fixture::measured_staircase({});
    result["paired"] = {{"kind", "concurrent"},
                        {"null", false},
                        {"window_s", 1.0},
                        {"comparison", loadgen::paired::json_of(all)}};
    return result;
}

TEST(paired_report_in_browser, the_answer_stands_first_with_the_differences_and_a_table) {
    const browser::visit visit = browser::open(browser::page_of({compared()}));
    browser::expect_quiet(visit);
    browser::expect_drawn(visit, "paired-differences", {"p99", "p50"}, 20);
    const json layer = visit.chart("paired-differences").at("layer");
    EXPECT_EQ(layer.at("intervals"),
              json::parse(R"([{"start_s": 0, "end_s": 20, "low": 2.4, "high": 3.9}])"));
    const auto told = browser::told_by({compared()}, R"(
        const first = document.querySelector('main article');
        return [first.id, first.querySelector('.verdict').textContent, first.querySelector('td:last-child').textContent].join(' | ');)");
    EXPECT_THAT(
        told, HasSubstr("paired | &lt;b&gt;'s p99 is 3.1 ms (12 %) higher [2.4, 3.9] at 12,000 requests/s"));
    EXPECT_THAT(told, HasSubstr("| worse"));
}

TEST(paired_report_in_browser, a_stage_of_which_nothing_is_said_says_why) {
    auto result = compared();
    auto& stage = result["paired"]["comparison"]["stages"][0];
    stage["figures"] = json::array();
    stage["why_not"] = "b did not become steady";
    const browser::visit visit = browser::open(browser::page_of({result}));
    browser::expect_quiet(visit);
    EXPECT_THAT(visit.dom, HasSubstr("b did not become steady"));
}

TEST(paired_report_in_browser, stages_say_when_they_became_steady) {
    auto result = fixture::measured_staircase({});
    auto& stages = result["targets"]["ingest"]["stages"];
    stages[0]["steady_from_s"] = 0.0;
    stages[1]["steady_from_s"] = 2.0;
    stages[2]["steady_from_s"] = nullptr;
    const browser::visit visit = browser::open(browser::page_of({result}));
    browser::expect_quiet(visit);
    EXPECT_THAT(visit.dom, HasSubstr("<small> steady from 2&nbsp;s</small>"));
    EXPECT_THAT(visit.dom, HasSubstr("<small> never steady</small>"));
    EXPECT_THAT(visit.dom, ::testing::Not(HasSubstr("steady from 0")));
}

TEST(paired_report_in_browser, targets_compared_by_rounds_end_with_the_paired_words) {
    const auto told = browser::told_by(fixture::compared_targets(false), R"(
        return [...document.querySelectorAll('#comparison-of-targets .paired')].map((p) => p.textContent).join(' | ');)");
    EXPECT_THAT(told, HasSubstr("cpp-2 beside cpp at the rates that both held"));
    EXPECT_THAT(told, HasSubstr("| Paired: the same rate in the same round"));
}

} // namespace
} // namespace beastmark
