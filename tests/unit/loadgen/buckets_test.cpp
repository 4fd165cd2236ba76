#include "loadgen/buckets.hpp"

#include <gtest/gtest.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(tenths_of_decades, hold_the_values_from_their_power_of_ten_to_the_next) {
    histogram h;
    h.record_n(1ms, 3);     // 10 * log10(1000) = 30
    h.record_n(1'258us, 2); // 30.997
    h.record(1'260us);      // 31.004
    h.record_n(2s, 7);      // 63.01
    const auto found = tenths_of_decades(h);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].bucket, 30);
    EXPECT_EQ(found[0].count, 5u);
    EXPECT_EQ(found[1].bucket, 31);
    EXPECT_EQ(found[1].count, 1u);
    EXPECT_EQ(found[2].bucket, 63);
    EXPECT_EQ(found[2].count, 7u);
}

TEST(tenths_of_decades, what_is_below_a_microsecond_is_in_the_first) {
    histogram h;
    h.record(0ns);
    h.record(400ns);
    h.record(1us);
    h.record(1h); // the histogram keeps it at 120 s
    const auto found = tenths_of_decades(h);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].bucket, 0);
    EXPECT_EQ(found[0].count, 3u);
    EXPECT_EQ(found[1].bucket, 80);
    EXPECT_TRUE(tenths_of_decades(histogram()).empty());
}

} // namespace
} // namespace beastmark::loadgen
