#include "loadgen/statistics/block_length.hpp"
#include "loadgen/statistics/mean_bootstrap.hpp"
#include "simulated_series.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace beastmark::loadgen::statistics {
namespace {

constexpr std::uint64_t seed = 20260131;

TEST(mean_bootstrap, of_independent_values_the_interval_is_about_as_wide_as_students) {
    simulated_series series(seed);
    const auto values = series.noise(4000, 0);
    const mean_bootstrap mean(values);
    const auto found = mean.at(0.95);
    double squares = 0;
    for (const auto v : values)
        squares += (v - mean.mean()) * (v - mean.mean());
    const auto expected = 1.96 * std::sqrt(squares / 3999 / 4000);
    EXPECT_NEAR(found.high - mean.mean(), expected, 0.1 * expected);
    EXPECT_NEAR(mean.mean() - found.low, expected, 0.1 * expected);
}

TEST(mean_bootstrap, values_that_remember_are_worth_fewer) {
    simulated_series series(seed);
    const auto values = series.noise(2000, 0.8); // worth a ninth of their number: (1 - 0.8) / (1 + 0.8)
    const mean_bootstrap mean(values);
    const auto found = mean.at(0.95);
    EXPECT_GT(mean.block(), 5u);
    EXPECT_NEAR((found.high - found.low) / 2, 1.96 * 3 / std::sqrt(2000), 0.03);
}

TEST(mean_bootstrap, a_skewed_series_has_the_longer_side_where_its_tail_is) {
    simulated_series series(seed);
    const mean_bootstrap mean(series.latency(40, 0, 10, 1));
    const auto found = mean.at(0.95);
    EXPECT_GT(found.high - mean.mean(), 1.2 * (mean.mean() - found.low));
}

TEST(mean_bootstrap, more_confidence_is_wider_and_the_same_seed_says_the_same) {
    simulated_series series(seed);
    const auto values = series.noise(50, 0.3);
    const mean_bootstrap mean(values, 7);
    EXPECT_LT(mean.at(0.99).low, mean.at(0.95).low);
    EXPECT_GT(mean.at(0.99).high, mean.at(0.95).high);
    EXPECT_EQ(mean.at(0.95), mean_bootstrap(values, 7).at(0.95));
    EXPECT_NE(mean.at(0.95), mean_bootstrap(values, 8).at(0.95));
}

TEST(mean_bootstrap, a_series_without_variation_is_sure) {
    const mean_bootstrap mean(std::vector<double>(30, 0.1));
    EXPECT_EQ(mean.at(0.95), (interval{mean.mean(), mean.mean()}));
    EXPECT_DOUBLE_EQ(mean.mean(), 0.1);
}

TEST(mean_bootstrap, one_second_of_many_that_differs_shows_nothing) {
    std::vector<double> values(60);
    values[17] = 0.01;
    EXPECT_TRUE(mean_bootstrap(values).at(0.95).contains(0));
}

TEST(mean_bootstrap, of_too_few_values_nothing_is_said) {
    EXPECT_THROW(mean_bootstrap(std::vector<double>(11, 1.0)), std::invalid_argument);
    EXPECT_NO_THROW(mean_bootstrap(std::vector<double>(12, 1.0)));
}

TEST(block_length, grows_with_memory_and_leaves_blocks_to_draw_from) {
    simulated_series series(seed);
    const auto independent = block_length(series.noise(1000, 0), 8);
    const auto some = block_length(series.noise(1000, 0.5), 8);
    const auto much = block_length(series.noise(1000, 0.9), 8);
    EXPECT_LE(independent, 3u);
    EXPECT_GT(some, independent);
    EXPECT_GT(much, 2 * some);
    std::vector<double> drifting(80);
    std::iota(drifting.begin(), drifting.end(), 0.0);
    EXPECT_EQ(block_length(drifting, 8), 10u);
    EXPECT_EQ(block_length(std::vector<double>(80, 3.0), 8), 1u);
}

} // namespace
} // namespace beastmark::loadgen::statistics
