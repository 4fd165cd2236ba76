#include "common/metrics.hpp"

#include <gtest/gtest.h>

namespace beastmark {
namespace {

using namespace std::chrono_literals;

TEST(bounds, are_twenty_to_a_decade_from_the_first_to_ten_seconds) {
    const auto bounds = bounds_from_100us();
    ASSERT_EQ(bounds.size(), 101U);
    EXPECT_EQ(bounds.front(), 100'000U);
    EXPECT_EQ(bounds[20], 1'000'000U);
    EXPECT_EQ(bounds.back(), 10'000'000'000U);
    EXPECT_EQ(bounds_from_10us().size(), 121U);
    EXPECT_EQ(bounds_from_10us().front(), 10'000U);
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(bounds[i]) / static_cast<double>(bounds[i - 1]), 1.122, 0.01);
    }
}

TEST(duration_histogram, a_bound_belongs_to_its_own_bucket) {
    duration_histogram histogram;
    histogram.record(100us);
    histogram.record(100us + 1ns);
    histogram.record(10s);
    histogram.record(10s + 1ns);
    prometheus::ClientMetric::Histogram sum;
    histogram.add_to(sum);
    ASSERT_EQ(sum.bucket.size(), 102U);
    EXPECT_EQ(sum.bucket[0].cumulative_count, 1U);
    EXPECT_EQ(sum.bucket[1].cumulative_count, 2U);
    EXPECT_EQ(sum.bucket[100].cumulative_count, 3U);
    EXPECT_EQ(sum.bucket[101].cumulative_count, 4U);
    EXPECT_EQ(sum.sample_count, 4U);
    EXPECT_NEAR(sum.sample_sum, 20.0002, 1e-6);
}

TEST(size_histogram, counts_things_as_they_are) {
    size_histogram histogram;
    for (const std::uint64_t size : {1, 2, 3, 1024, 1025})
        histogram.record(size);
    prometheus::ClientMetric::Histogram exported;
    histogram.add_to(exported);
    ASSERT_EQ(exported.bucket.size(), 12);
    EXPECT_EQ(exported.bucket[0].upper_bound, 1);
    EXPECT_EQ(exported.bucket[0].cumulative_count, 1);
    EXPECT_EQ(exported.bucket[1].cumulative_count, 2);
    EXPECT_EQ(exported.bucket[2].cumulative_count, 3);
    EXPECT_EQ(exported.bucket[10].cumulative_count, 4);
    EXPECT_EQ(exported.sample_count, 5);
    EXPECT_EQ(exported.sample_sum, 1 + 2 + 3 + 1024 + 1025);
}

TEST(duration_histogram, the_sum_of_cores_holds_every_record) {
    duration_histogram one;
    duration_histogram two;
    one.record(-5ns); // a clock that stepped back counts as no time
    one.record(1ms);
    two.record(1ms);
    prometheus::ClientMetric::Histogram sum;
    one.add_to(sum);
    two.add_to(sum);
    EXPECT_EQ(sum.sample_count, 3U);
    EXPECT_EQ(sum.bucket[0].cumulative_count, 1U);
    EXPECT_EQ(sum.bucket[20].cumulative_count, 3U);
    EXPECT_EQ(one.count() + two.count(), 3U);
}

} // namespace
} // namespace beastmark
