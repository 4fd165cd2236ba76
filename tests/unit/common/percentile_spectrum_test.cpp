#include "common/percentile_spectrum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace beastmark {
namespace {

using namespace std::chrono_literals;

/// 1 us, 2 us, .. n us, one each.
histogram one_of_each(int n) {
    histogram h;
    for (int us = 1; us <= n; ++us)
        h.record(std::chrono::microseconds(us));
    return h;
}

TEST(percentile_spectrum, has_five_ticks_each_time_the_distance_to_100_halves) {
    const auto points = percentile_spectrum(one_of_each(1'000'000));
    const std::vector<double> first{0,  10, 20,   30, 40,   50, 55,   60,   65,
                                    70, 75, 77.5, 80, 82.5, 85, 87.5, 88.75};
    ASSERT_GT(points.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i)
        EXPECT_EQ(points[i].percentile(), first[i]) << i;
    // 100 - 100 / 2^k is a tick, and k of them take 5 * k steps.
    EXPECT_EQ(points[50].percentile(), 100 - 100 / std::exp2(10));
    EXPECT_LT(points.size(), 105u);
}

TEST(percentile_spectrum, values_are_those_of_the_histogram_and_never_fall) {
    const auto h = one_of_each(50'000);
    const auto points = percentile_spectrum(h);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const auto us = static_cast<double>(points[i].value_ns) / 1000;
        EXPECT_NEAR(us, std::max(1.0, points[i].percentile() * 500), 0.002 * us + 1);
        if (i > 0) {
            EXPECT_GT(points[i].percentile(), points[i - 1].percentile());
            EXPECT_GE(points[i].value_ns, points[i - 1].value_ns);
        }
    }
    EXPECT_EQ(points.front().value_ns, 1'000u);
    EXPECT_EQ(points.front().count, 1u);
    EXPECT_EQ(points.back().percentile(), 100);
    EXPECT_EQ(points.back().value_ns, 50'000'000u);
    EXPECT_EQ(points.back().count, 50'000u);
}

TEST(percentile_spectrum, ends_with_the_first_tick_that_is_the_largest_value) {
    histogram h;
    h.record_n(1ms, 99);
    h.record(700ms);
    const auto points = percentile_spectrum(h);
    ASSERT_GE(points.size(), 3u);
    EXPECT_EQ(points.back().percentile(), 100);
    EXPECT_EQ(points[points.size() - 2].value_ns, 700'000'000u);
    EXPECT_GT(points[points.size() - 2].percentile(), 99);
    EXPECT_LT(points[points.size() - 3].value_ns, 1'002'000u);
    EXPECT_LE(points[points.size() - 3].percentile(), 99);
}

TEST(percentile_spectrum, of_nothing_is_nothing_and_of_one_value_two_points) {
    EXPECT_TRUE(percentile_spectrum(histogram()).empty());
    histogram h;
    h.record(3ms);
    const auto points = percentile_spectrum(h);
    ASSERT_EQ(points.size(), 2u);
    EXPECT_EQ(points[0].percentile(), 0);
    EXPECT_EQ(points[1].percentile(), 100);
    EXPECT_EQ(points[0].value_ns, 3'000'000u);
}

} // namespace
} // namespace beastmark
