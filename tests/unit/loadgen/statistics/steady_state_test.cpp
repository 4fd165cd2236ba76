#include "loadgen/statistics/steady_state.hpp"
#include "simulated_series.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace beastmark::loadgen::statistics {
namespace {

TEST(steady_state, a_warm_up_is_left_out_to_within_a_batch) {
    simulated_series series(1);
    auto values = series.noise(120, 0.2);
    for (std::size_t i = 0; i < 20; ++i)
        values[i] += 30;
    const auto from = steady_from(values);
    ASSERT_TRUE(from);
    EXPECT_GE(*from, 20u);
    EXPECT_LE(*from, 40u);
}

TEST(steady_state, a_series_that_falls_to_the_end_is_never_steady) {
    simulated_series series(2);
    auto values = series.noise(120, 0);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] -= static_cast<double>(i);
    EXPECT_FALSE(steady_from(values));
}

TEST(steady_state, a_warm_up_of_more_than_half_is_not_a_warm_up) {
    std::vector<double> values(100, 1.0);
    for (std::size_t i = 0; i < 70; ++i)
        values[i] = 100 - static_cast<double>(i);
    EXPECT_FALSE(steady_from(values));
}

TEST(steady_state, is_not_judged_by_fewer_than_ten_values) {
    EXPECT_FALSE(steady_from(std::vector<double>(9, 1.0)));
    EXPECT_EQ(steady_from(std::vector<double>(10, 1.0)), 0u);
}

// What is steady is called so in nearly all of 400 series, whatever it remembers.
TEST(steady_state, noise_is_steady) {
    for (const auto count : {20, 60, 300}) {
        int missed = 0;
        double left_out = 0;
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
            simulated_series series(seed);
            const auto from = steady_from(series.latency(static_cast<std::size_t>(count), 0.3, 1, 0.2));
            missed += from ? 0 : 1;
            left_out += from ? static_cast<double>(*from) / count : 0;
        }
        EXPECT_LE(missed, 24) << count;
        EXPECT_LE(left_out / 400, 0.1) << count;
    }
}

} // namespace
} // namespace beastmark::loadgen::statistics
