#include "loadgen/scrape.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

constexpr double inf = std::numeric_limits<double>::infinity();

scraped_endpoint make(scrape_limits limits = {}) {
    return scraped_endpoint(parse_scrape("ingest=http://127.0.0.1:8181/metrics"), limits);
}

json find(const scraped_endpoint& endpoint, std::string_view name) {
    const json result = endpoint.to_json();
    for (const json& s : result.at("series"))
        if (s.at("name") == name)
            return s;
    return nullptr;
}

TEST(scrape, a_gauge_is_its_value_and_a_counter_its_rate) {
    scraped_endpoint e = make();
    const auto page = [](int used, int total) {
        return "# TYPE pool gauge\npool{state=\"used\"} " + std::to_string(used) +
               "\n# TYPE sent_total counter\nsent_total " + std::to_string(total) + "\n";
    };
    e.add_page(0.0, page(9, 100)); // the baseline
    e.add_page(1.0, page(3, 150));
    e.add_page(3.0, page(4, 250));
    EXPECT_EQ(e.to_json().at("t_s"), json({1.0, 3.0}));
    const json pool = find(e, "pool");
    EXPECT_EQ(pool.at("type"), "gauge");
    EXPECT_EQ(pool.at("labels"), json({{"state", "used"}}));
    EXPECT_EQ(pool.at("value"), json({3.0, 4.0}));
    const json sent = find(e, "sent_total");
    EXPECT_EQ(sent.at("type"), "counter");
    EXPECT_EQ(sent.at("rate_per_s"), json({50.0, 50.0}));
}

TEST(scrape, a_counter_that_starts_again_counts_from_zero) {
    scraped_endpoint e = make();
    e.add_page(0, "# TYPE c counter\nc 1000\n");
    e.add_page(1, "# TYPE c counter\nc 40\n");
    EXPECT_EQ(find(e, "c").at("rate_per_s"), json({40.0}));
}

TEST(scrape, a_histogram_gives_the_rate_and_quantiles_of_that_second_alone) {
    scraped_endpoint e = make();
    const auto page = [](int b1, int b2, int all) {
        return "# TYPE d histogram\nd_bucket{op=\"INSERT\",le=\"0.001\"} " + std::to_string(b1) +
               "\nd_bucket{op=\"INSERT\",le=\"0.002\"} " + std::to_string(b2) +
               "\nd_bucket{op=\"INSERT\",le=\"+Inf\"} " + std::to_string(all) +
               "\nd_sum{op=\"INSERT\"} 1\nd_count{op=\"INSERT\"} " + std::to_string(all) + "\n";
    };
    e.add_page(0, page(1000, 1000, 1000)); // a fast past that must not show
    e.add_page(1, page(1000, 1100, 1100)); // 100 between 1 and 2 ms
    e.add_page(2, page(1000, 1100, 1100)); // nothing
    e.add_page(3, page(50, 100, 100));     // restarted: half below 1 ms
    const json d = find(e, "d");
    EXPECT_EQ(d.at("type"), "histogram");
    EXPECT_EQ(d.at("labels"), json({{"op", "INSERT"}}));
    EXPECT_EQ(d.at("rate_per_s"), json({100.0, 0.0, 100.0}));
    EXPECT_DOUBLE_EQ(d.at("p50_s")[0].get<double>(), 0.0015);
    EXPECT_DOUBLE_EQ(d.at("p99_s")[0].get<double>(), 0.00199);
    EXPECT_TRUE(d.at("p50_s")[1].is_null());
    EXPECT_DOUBLE_EQ(d.at("p50_s")[2].get<double>(), 0.001);
}

TEST(scrape, failures_are_counted_and_leave_gaps) {
    scraped_endpoint e = make();
    e.add_page(0, "# TYPE c counter\nc 10\n# TYPE g gauge\ng 1\n");
    e.add_failure(1, "connect: Connection refused");
    e.add_page(2, "<html>");
    e.add_page(3, "# TYPE c counter\nc 40\n# TYPE g gauge\ng 2\n");
    const json result = e.to_json();
    EXPECT_EQ(result.at("failures"), 2);
    EXPECT_EQ(result.at("t_s"), json({1.0, 2.0, 3.0}));
    EXPECT_EQ(find(e, "g").at("value"), json({nullptr, nullptr, 2.0}));
    EXPECT_EQ(find(e, "c").at("rate_per_s"), json({nullptr, nullptr, 10.0}))
        << "over the three seconds since the last";
}

TEST(scrape, series_that_stayed_zero_are_left_out_and_late_ones_are_padded) {
    scraped_endpoint e = make();
    const std::string types = "# TYPE a gauge\n# TYPE b gauge\n# TYPE c counter\n# TYPE late gauge\n";
    e.add_page(0, types + "a 0\nb 0\nc 5\n");
    e.add_page(1, types + "a 0\nb 0\nc 5\n");
    e.add_failure(2, "timeout");
    e.add_page(3, types + "a 0\nb 7\nc 5\nlate 2\n");
    EXPECT_TRUE(find(e, "a").is_null());
    EXPECT_TRUE(find(e, "c").is_null());
    EXPECT_EQ(find(e, "b").at("value"), json({0.0, nullptr, 7.0}));
    EXPECT_EQ(find(e, "late").at("value"), json({nullptr, nullptr, 2.0}));
}

TEST(scrape, a_series_that_is_gone_leaves_gaps) {
    scraped_endpoint e = make();
    e.add_page(0, "g 1\n");
    e.add_page(1, "g 2\n");
    e.add_page(2, "other 1\n");
    EXPECT_EQ(find(e, "g").at("value"), json({2.0, nullptr}));
}

TEST(scrape, keeps_within_its_bounds_and_says_so) {
    scraped_endpoint e = make({.page_bytes = 100, .series = 2, .cells = 4});
    e.add_page(0, "a 1\nb 1\nc 1\n");
    for (int second = 1; second <= 4; ++second)
        e.add_page(second, "a 1\nb 1\nc 1\n");
    e.add_page(5, std::string(101, '\n'));
    const json result = e.to_json();
    EXPECT_EQ(result.at("series").size(), 2U);
    EXPECT_EQ(result.at("t_s"), json({1.0, 2.0}));
    EXPECT_EQ(result.at("failures"), 1);
    EXPECT_EQ(result.at("notes").size(), 2U) << result.at("notes");
}

TEST(bucket_quantile, interpolates_inside_the_bucket) {
    EXPECT_DOUBLE_EQ(*bucket_quantile(0.5, {1, 2, inf}, {0, 10, 10}), 1.5);
    EXPECT_DOUBLE_EQ(*bucket_quantile(0.25, {1, 2, inf}, {10, 20, 20}), 0.5);
    EXPECT_DOUBLE_EQ(*bucket_quantile(0.5, {1, 2, 4, inf}, {4, 4, 8, 8}), 1.0);
    EXPECT_DOUBLE_EQ(*bucket_quantile(0.75, {1, 2, 4, inf}, {4, 4, 8, 8}), 3.0);
}

TEST(bucket_quantile, gives_the_last_finite_bound_for_what_lies_beyond_it) {
    EXPECT_DOUBLE_EQ(*bucket_quantile(0.99, {1, 2, inf}, {1, 2, 100}), 2.0);
    EXPECT_FALSE(bucket_quantile(0.5, {inf}, {10}));
    EXPECT_FALSE(bucket_quantile(0.5, {1, inf}, {0, 0}));
    EXPECT_FALSE(bucket_quantile(0.5, {}, {}));
}

} // namespace
} // namespace beastmark::loadgen
