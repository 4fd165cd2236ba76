#include "loadgen/prometheus_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace beastmark::loadgen {
namespace {

TEST(prometheus_text, reads_types_samples_labels_and_timestamps) {
    const metric_page page = parse_prometheus_text("# HELP hits Requests \"served\".\n"
                                                   "# TYPE hits counter\n"
                                                   "hits{code=\"200\",path=\"/a b\"} 12 1700000000000\n"
                                                   "\n"
                                                   "  temperature  -3.5e-1\r\n");
    EXPECT_EQ(page.error, "");
    EXPECT_EQ(page.types.at("hits"), metric_type::counter);
    ASSERT_EQ(page.samples.size(), 2U);
    EXPECT_EQ(page.samples[0].name, "hits");
    EXPECT_EQ(page.samples[0].labels, (metric_labels{{"code", "200"}, {"path", "/a b"}}));
    EXPECT_DOUBLE_EQ(page.samples[0].value, 12);
    EXPECT_DOUBLE_EQ(page.samples[1].value, -0.35);
}

TEST(prometheus_text, unescapes_label_values) {
    const metric_page page = parse_prometheus_text(R"(m{a="x\"y\\z\nw",b="}{,=",} 1)");
    ASSERT_EQ(page.samples.size(), 1U) << page.error;
    EXPECT_EQ(page.samples[0].labels, (metric_labels{{"a", "x\"y\\z\nw"}, {"b", "}{,="}}));
}

TEST(prometheus_text, knows_infinities_and_not_a_number) {
    const metric_page page = parse_prometheus_text("a +Inf\nb -Inf\nc NaN\nd 1e999\n");
    ASSERT_EQ(page.samples.size(), 4U) << page.error;
    EXPECT_EQ(page.samples[0].value, INFINITY);
    EXPECT_EQ(page.samples[1].value, -INFINITY);
    EXPECT_TRUE(std::isnan(page.samples[2].value));
    EXPECT_EQ(page.samples[3].value, INFINITY);
}

TEST(prometheus_text, names_the_line_that_is_not_of_the_format_and_keeps_those_before) {
    for (const char* bad :
         {"<html>", "m{a=\"x\" 1", "m{a=x} 1", "m{=\"x\"} 1", "m one", "m", "m{a=\"x\\", "m 1x"}) {
        const metric_page page = parse_prometheus_text(std::string("good 1\n# note\n") + bad);
        EXPECT_EQ(page.error, "line 3 is not of the Prometheus text format") << bad;
        EXPECT_EQ(page.samples.size(), 1U) << bad;
    }
}

TEST(prometheus_text, takes_an_empty_page) {
    EXPECT_EQ(parse_prometheus_text("").error, "");
    EXPECT_TRUE(parse_prometheus_text("# EOF\n").samples.empty());
}

} // namespace
} // namespace beastmark::loadgen
