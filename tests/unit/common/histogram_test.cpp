#include "common/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace beastmark {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// The rank's value of sorted samples: what value_at_percentile() approximates.
std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double percentile) {
    const auto rank = std::ceil(percentile / 100 * static_cast<double>(sorted.size()) - 1e-6);
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

void expect_within_bound(const histogram& h, std::vector<std::uint64_t> samples, const std::string& name) {
    std::sort(samples.begin(), samples.end());
    for (const double p : {0.0, 1.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
        const auto wanted = exact(samples, p);
        const auto got = static_cast<std::uint64_t>(h.value_at_percentile(p).count());
        EXPECT_GE(got, wanted) << name << " p" << p;
        EXPECT_LE(static_cast<double>(got - wanted), static_cast<double>(wanted) / 1024) << name << " p" << p;
    }
    EXPECT_EQ(h.count(), samples.size());
    EXPECT_EQ(static_cast<std::uint64_t>(h.min().count()), samples.front());
    EXPECT_EQ(static_cast<std::uint64_t>(h.max().count()), samples.back());
    const auto mean =
        std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
    EXPECT_NEAR(h.mean_ns(), mean, mean * 1e-9) << name;
}

TEST(histogram, percentiles_are_exact_within_the_bound_for_known_distributions) {
    std::mt19937_64 random(7);
    std::exponential_distribution<double> exponential(1e-6);
    std::lognormal_distribution<double> lognormal(12, 2);
    std::uniform_int_distribution<std::uint64_t> uniform(1, 100'000'000);
    std::uniform_int_distribution<std::uint64_t> small(0, 2100);
    const std::vector<std::pair<std::string, std::function<std::uint64_t()>>> distributions{
        {"exponential", [&] { return static_cast<std::uint64_t>(exponential(random)); }},
        {"lognormal",
         [&] {
             return std::min<std::uint64_t>(static_cast<std::uint64_t>(lognormal(random)), 100'000'000'000);
         }},
        {"uniform", [&] { return uniform(random); }},
        {"small", [&] { return small(random); }},
        {"two modes", [&] { return random() % 100 == 0 ? 500'000'000 : 10'000'000; }},
        {"one value", [] { return 123'456'789; }},
    };
    for (const auto& [name, draw] : distributions) {
        histogram h;
        std::vector<std::uint64_t> samples;
        for (int i = 0; i < 20'000; ++i) {
            samples.push_back(draw());
            h.record(nanoseconds(samples.back()));
        }
        expect_within_bound(h, samples, name);
    }
}

TEST(histogram, every_counter_holds_its_range_and_no_value_is_between_two) {
    std::uint64_t next = 0;
    for (std::size_t i = 0; i <= histogram::index_of(histogram::highest_trackable_ns); ++i) {
        ASSERT_EQ(histogram::lowest_of(i), next) << i;
        ASSERT_EQ(histogram::index_of(histogram::lowest_of(i)), i);
        ASSERT_EQ(histogram::index_of(histogram::highest_of(i)), i);
        next = histogram::highest_of(i) + 1;
    }
    EXPECT_LT(histogram::index_of(histogram::highest_trackable_ns), histogram::counts_size);
}

// Index (bucket + 1) * 1024 + (sub-bucket - 1024), as HdrHistogram counts for 1 ns to 120 s at 3 digits.
TEST(histogram, has_the_layout_of_hdr_histogram) {
    EXPECT_EQ(histogram::counts_size, 28'672u);
    EXPECT_EQ(histogram::index_of(0), 0u);
    EXPECT_EQ(histogram::index_of(2047), 2047u);
    EXPECT_EQ(histogram::index_of(2048), 2048u);
    EXPECT_EQ(histogram::index_of(2049), 2048u);
    EXPECT_EQ(histogram::index_of(4096), 3072u);
    EXPECT_EQ(histogram::highest_of(3072), 4099u);
}

TEST(histogram, a_value_beyond_the_range_is_counted_at_its_end_and_as_overflow) {
    histogram h;
    h.record(1h);
    h.record(-5ns);
    h.record(120s);
    EXPECT_EQ(h.count(), 3u);
    EXPECT_EQ(h.overflow(), 1u);
    EXPECT_EQ(h.max(), 120s);
    EXPECT_EQ(h.min(), 0ns);
    EXPECT_EQ(h.value_at_percentile(100), 120s);
}

TEST(histogram, merging_equals_recording_both_in_either_order) {
    std::mt19937_64 random(3);
    histogram a;
    histogram b;
    histogram both;
    for (int i = 0; i < 5'000; ++i) {
        const nanoseconds value(random() % 10'000'000'000);
        (i % 3 == 0 ? a : b).record(value);
        both.record(value);
    }
    histogram ab;
    ab.merge(a);
    ab.merge(b);
    histogram ba;
    ba.merge(b);
    ba.merge(a);
    for (const auto* merged : {&ab, &ba}) {
        EXPECT_EQ(merged->count(), both.count());
        EXPECT_EQ(merged->min(), both.min());
        EXPECT_EQ(merged->max(), both.max());
        EXPECT_DOUBLE_EQ(merged->mean_ns(), both.mean_ns());
        for (std::size_t i = 0; i < histogram::counts_size; ++i)
            ASSERT_EQ(merged->count_at(i), both.count_at(i)) << i;
    }
}

TEST(histogram, reset_forgets_everything) {
    histogram h;
    h.record_n(5ms, 10);
    h.record(1h);
    h.reset();
    EXPECT_EQ(h.count(), 0u);
    EXPECT_EQ(h.overflow(), 0u);
    EXPECT_EQ(h.value_at_percentile(99), 0ns);
    EXPECT_EQ(h.mean_ns(), 0.0);
    for (std::size_t i = 0; i < histogram::counts_size; ++i)
        ASSERT_EQ(h.count_at(i), 0u) << i;
    h.record(7us);
    EXPECT_EQ(h.value_at_percentile(50), 7us);
}

TEST(histogram, a_percentage_that_binary_cannot_hold_takes_the_right_rank) {
    histogram h;
    h.record_n(1us, 999);
    h.record(1s);
    EXPECT_EQ(h.value_at_percentile(99.9), 1us);
    EXPECT_EQ(h.value_at_percentile(99.91), 1s);
}

} // namespace
} // namespace beastmark
