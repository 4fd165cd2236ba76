// The page of a capacity search: the answer and the curve come first.
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

json searched(const std::string& answer) {
    json result = fixture::measured_staircase({});
    result["capacity"] = {
        {"answer", answer},
        {"interrupted", false},
        {"low_rps", 4000.0},
        {"high_rps", 4100.0},
        {"text", answer + " with <b>p99<50ms"},
        {"objectives", {{{"slo", "p99<50ms"}, {"metric", "p99"}, {"bound", 50'000.0}}}},
        {"probes",
         {{{"rate_rps", 1000.0}, {"duration_s", 5.0}, {"outcome", "held"}, {"why", ""}},
          {{"rate_rps", 8000.0}, {"duration_s", 5.0}, {"outcome", "disturbed"}, {"why", "<i>steal"}}}}};
    return result;
}

TEST(capacity_report_in_browser, the_answer_and_the_curve_stand_first) {
    const browser::visit visit = browser::open(browser::page_of({searched("found")}));
    browser::expect_quiet(visit);
    browser::expect_drawn(visit, "target-1-capacity", {"p50", "p99", "p99.9"}, 8);
    const json layer = visit.chart("target-1-capacity").at("layer");
    EXPECT_EQ(layer.at("low"), 4000);
    EXPECT_EQ(layer.at("high"), 4100);
    EXPECT_EQ(layer.at("bounds"), json({50}));
    const auto told = browser::told_by({searched("found")}, R"(
        return [document.querySelector('main canvas').closest('[id]').id, document.querySelectorAll('#target-1-latency-by-rate').length,
            document.querySelector('.banner').className, document.querySelector('.banner').textContent,
            document.querySelector('.figure').textContent].join(' | ');)");
    EXPECT_THAT(told, HasSubstr("target-1-capacity | 0 | banner good"));
    EXPECT_THAT(told, HasSubstr("found with &lt;b&gt;p99&lt;50ms"));
    EXPECT_THAT(told, HasSubstr("Capacity4,000 to 4,100"));
}

TEST(capacity_report_in_browser, the_load_generators_limit_is_not_called_capacity) {
    const auto told = browser::told_by({searched("generator-limited")}, R"(
        return [document.querySelector('.banner').className, document.querySelector('.figure').textContent].join(' | ');)");
    EXPECT_THAT(told, HasSubstr("banner warning"));
    EXPECT_THAT(told, HasSubstr("Load generator's limit4,000 to 4,100"));
}

} // namespace
} // namespace beastmark
