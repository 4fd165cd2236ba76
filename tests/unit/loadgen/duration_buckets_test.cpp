#include "common/metrics.hpp"
#include "loadgen/duration_buckets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint64_t, 3> bounds{100'000, 1'000'000, 10'000'000};

TEST(duration_buckets, a_duration_is_counted_at_the_first_bound_that_is_not_below_it) {
    histogram h;
    h.record(0ns);
    h.record(99us);
    h.record_n(150us, 3);
    h.record(9ms);
    h.record_n(11ms, 2);
    h.record(300s); // more than the histogram can tell
    duration_buckets buckets(bounds);
    buckets.take(0, h);
    EXPECT_EQ(buckets.sum().counts, (std::vector<std::uint64_t>{2, 3, 1, 3}));
    EXPECT_EQ(buckets.sum().sum_ns, 120e9 + 22e6 + 9e6 + 450e3 + 99e3);
}

TEST(duration_buckets, a_latency_is_never_told_too_low_and_never_0_1_percent_too_high) {
    std::mt19937_64 random(7); // NOLINT(bugprone-random-generator-seed): the same values each time
    std::vector<std::uint64_t> values;
    histogram h;
    for (int i = 0; i < 20'000; ++i) {
        const auto ns = static_cast<std::uint64_t>(
            std::exp(std::uniform_real_distribution(std::log(50e3), std::log(20e9))(random)));
        values.push_back(ns);
        h.record(std::chrono::nanoseconds(ns));
    }
    for (const auto bound : bounds_from_100us()) {
        for (const auto ns : {bound - 1, bound, bound + 1}) { // the worst places
            values.push_back(ns);
            h.record(std::chrono::nanoseconds(ns));
        }
    }
    duration_buckets buckets(bounds_from_100us());
    buckets.take(0, h);
    const auto counts = buckets.sum().counts;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < bounds_from_100us().size(); ++i) {
        cumulative += counts[i];
        const auto bound = bounds_from_100us()[i];
        const auto at_most = [&](std::uint64_t limit) {
            return static_cast<std::uint64_t>(
                std::count_if(values.begin(), values.end(), [&](std::uint64_t v) { return v <= limit; }));
        };
        EXPECT_LE(cumulative, at_most(bound));
        EXPECT_GE(cumulative, at_most(bound - bound / 1000));
    }
    EXPECT_EQ(cumulative + counts.back(), values.size());
}

TEST(duration_buckets, parts_are_added_up_and_each_may_go_on_growing) {
    histogram first;
    histogram second;
    duration_buckets buckets(bounds);
    EXPECT_EQ(buckets.sum().counts, (std::vector<std::uint64_t>{0, 0, 0, 0}));
    first.record(50us);
    buckets.take(0, first);
    second.record(500us);
    buckets.take(1, second);
    buckets.take(1, second); // the same again
    EXPECT_EQ(buckets.sum().counts, (std::vector<std::uint64_t>{1, 1, 0, 0}));
    first.record(5ms); // a late answer of the stage before
    buckets.take(0, first);
    buckets.take(1, second);
    EXPECT_EQ(buckets.sum().counts, (std::vector<std::uint64_t>{1, 1, 1, 0}));
    EXPECT_EQ(buckets.sum().sum_ns, 5'550'000);
}

TEST(duration_buckets, the_count_is_the_inf_bucket) {
    histogram h;
    h.record_n(50us, 2);
    h.record(5ms);
    h.record(50ms);
    duration_buckets buckets(bounds);
    buckets.take(0, h);
    const auto exported = to_prometheus(bounds, buckets.sum());
    ASSERT_EQ(exported.bucket.size(), 4U);
    EXPECT_EQ(exported.bucket[0].cumulative_count, 2U);
    EXPECT_EQ(exported.bucket[1].cumulative_count, 2U);
    EXPECT_EQ(exported.bucket[2].cumulative_count, 3U);
    EXPECT_EQ(exported.bucket[3].cumulative_count, 4U);
    EXPECT_DOUBLE_EQ(exported.bucket[0].upper_bound, 1e-4);
    EXPECT_EQ(exported.bucket[3].upper_bound, std::numeric_limits<double>::infinity());
    EXPECT_EQ(exported.sample_count, 4U);
    EXPECT_DOUBLE_EQ(exported.sample_sum, 0.0551);
}

TEST(bucket_counts, what_a_part_holds_can_be_taken_away) {
    bucket_counts all{{5, 4, 3}, 100};
    all.subtract({{1, 0, 3}, 60});
    EXPECT_EQ(all.counts, (std::vector<std::uint64_t>{4, 4, 0}));
    EXPECT_EQ(all.sum_ns, 40);
}

} // namespace
} // namespace beastmark::loadgen
