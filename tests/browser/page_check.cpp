#include "tests/browser/page_check.hpp"

#include "loadgen/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::browser {

using nlohmann::json;
using ::testing::IsEmpty;

std::string page_of(const std::vector<json>& results) {
    return loadgen::render_report(results);
}

lines labels_of(const json& chart) {
    lines labels;
    if (!chart.is_null())
        for (const json& series : chart.at("series"))
            labels.push_back(series.at("label"));
    return labels;
}

void expect_drawn(const visit& visit, const std::string& chart, const lines& expected, int marks) {
    const json drawn = visit.chart(chart);
    EXPECT_EQ(labels_of(drawn), expected) << chart;
    if (drawn.is_null())
        return;
    for (const json& series : drawn.at("series"))
        EXPECT_EQ(series.at("marks"), marks) << chart << " " << series.at("label");
    const json ink = visit.chart(chart, "ink");
    ASSERT_FALSE(ink.is_null()) << chart;
    for (const json& series : ink.at("series"))
        EXPECT_GT(series.at("pixels"), 60) << chart << " " << series.at("label");
}

std::string with_script(std::string page, const std::string& script) {
    page.insert(page.rfind("</body>"), "<script>" + script + "</script>");
    return page;
}

std::string told_by(const std::vector<json>& results, const std::string& script) {
    const auto to_title = "document.title = String((() => {" + script + "})()).replaceAll('\\u00a0', ' ');";
    const visit visit = open(with_script(page_of(results), to_title), "");
    expect_quiet(visit);
    return visit.title();
}

void expect_quiet(const visit& visit) {
    EXPECT_THAT(visit.console, IsEmpty());
    ASSERT_TRUE(visit.self_check->is_object()) << "the page's script did not come to its end";
    EXPECT_THAT(visit.self_check->at("errors"), IsEmpty());
}

} // namespace beastmark::browser
