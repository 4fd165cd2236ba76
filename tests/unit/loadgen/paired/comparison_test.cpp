#include "loadgen/paired/comparison.hpp"
#include "simulated_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen::paired {
namespace {

using ::testing::HasSubstr;

side side_of(const std::string& name, const told_seconds& told) {
    return {name, read_stages(result_of({{name, told}}), name)};
}

comparison compare_two(const told_seconds& base, const told_seconds& other,
                       const std::vector<comparison>& noise = {}) {
    const std::array others{side_of("b", other)};
    return compare(side_of("a", base), others, noise).front();
}

comparison simulated(std::uint64_t seed, double slower, double more_errors = 0) {
    simulated_pair pair(seed);
    const auto base = pair.side();
    return compare_two(base, pair.side(slower, more_errors));
}

const difference& of(const comparison& all, figure what) {
    const auto& found = all.stages.at(0).differences;
    return *std::find_if(found.begin(), found.end(), [&](const difference& d) { return d.what == what; });
}

TEST(paired_comparison, tells_the_mean_difference_of_each_figure) {
    const auto found = simulated(1, 1.1, 0.005);
    ASSERT_EQ(found.stages.size(), 1u);
    EXPECT_EQ(found.stages[0].why_not, "");
    EXPECT_EQ(found.judged_together, 5u);
    const auto& p99 = of(found, figure::p99_us);
    EXPECT_NEAR(p99.mean, p99.other - p99.base, 1e-6);
    EXPECT_TRUE(p99.likely.contains(1000)) << p99.likely.low << " to " << p99.likely.high;
    EXPECT_LT(p99.surely.low, p99.likely.low);
    EXPECT_EQ(p99.found, finding::worse);
    EXPECT_EQ(of(found, figure::p50_us).found, finding::worse);
    EXPECT_EQ(of(found, figure::cpu_us).found, finding::worse);
    EXPECT_EQ(of(found, figure::error_rate).found, finding::worse);
    EXPECT_EQ(of(found, figure::throughput_rps).found, finding::no_difference);
    EXPECT_EQ(found.stages[0].by_window.size(), found.stages[0].windows);
}

TEST(paired_comparison, less_is_better_but_of_throughput) {
    simulated_pair pair(2);
    const auto base = pair.side();
    auto other = pair.side(0.8);
    for (auto& rps : other.throughput_rps)
        rps *= 0.9;
    const auto found = compare_two(base, other);
    EXPECT_EQ(of(found, figure::p99_us).found, finding::better);
    EXPECT_EQ(of(found, figure::throughput_rps).found, finding::worse);
}

TEST(paired_comparison, pairing_takes_away_what_both_have_in_common) {
    simulated_pair pair(3);
    auto base = pair.side();
    auto other = base;
    for (std::size_t i = 0; i < base.p99_us.size(); ++i) {
        const auto weather = i % 7 == 0 ? 50'000.0 : 0; // larger than the difference by far
        base.p99_us[i] += weather;
        other.p99_us[i] += weather + 200 + static_cast<double>(i % 3);
    }
    const auto found = compare_two(base, other);
    EXPECT_EQ(of(found, figure::p99_us).found, finding::worse);
    EXPECT_NEAR(of(found, figure::p99_us).mean, 201, 0.1);
}

TEST(paired_comparison, a_difference_within_the_noise_floor_is_none) {
    simulated_pair pair(4);
    const auto base = pair.side();
    const auto other = pair.side(1.1);
    ASSERT_EQ(of(compare_two(base, other), figure::p99_us).found, finding::worse);
    simulated_pair noisy(5);
    const auto null =
        compare_two(noisy.side(), noisy.side(1.3)); // the same thing, but for what moved in between
    const auto found = compare_two(base, other, {null});
    EXPECT_TRUE(found.noise_known);
    const auto& p99 = of(found, figure::p99_us);
    EXPECT_EQ(p99.found, finding::no_difference);
    EXPECT_DOUBLE_EQ(p99.noise_floor.value_or(0), of(null, figure::p99_us).likely.high);
    EXPECT_EQ(of(found, figure::error_rate).noise_floor.has_value(), true);
}

TEST(paired_comparison, a_null_without_a_verdict_is_no_noise_floor) {
    simulated_pair pair(4);
    const auto base = pair.side();
    const auto null = compare_two(base, simulated_pair(5, 8).side());
    ASSERT_TRUE(null.stages[0].differences.empty());
    const auto found = compare_two(base, pair.side(), {null});
    EXPECT_FALSE(found.stages[0].differences.empty());
    EXPECT_FALSE(found.noise_known);
}

TEST(paired_comparison, of_what_failed_for_a_part_of_the_time_nothing_is_said) {
    simulated_pair pair(9);
    const auto base = pair.side();
    auto other = pair.side();
    for (std::size_t i = 36; i < other.error_rate.size(); ++i)
        other.error_rate[i] = 1;
    const auto found = compare_two(base, other);
    EXPECT_THAT(found.stages[0].why_not, HasSubstr("b failed for a part of the time"));
    EXPECT_TRUE(found.stages[0].lacks_verdict());
    EXPECT_TRUE(found.stages[0].differences.empty());
}

TEST(paired_comparison, error_rates_differ_by_no_more_than_all) {
    simulated_pair pair(10);
    auto base = pair.side();
    auto other = pair.side();
    for (std::size_t i = 0; i < other.error_rate.size(); ++i) {
        base.error_rate[i] = i % 5 == 0 ? 0.5 : 0;
        other.error_rate[i] = i % 7 == 0 ? 0.6 : 1;
    }
    const auto found = compare_two(base, other);
    const auto& errors = of(found, figure::error_rate);
    EXPECT_LE(errors.likely.high, 1);
    EXPECT_LE(errors.surely.high, 1);
    EXPECT_GT(errors.surely.high, errors.mean);
}

TEST(paired_comparison, more_figures_at_once_need_more_evidence) {
    simulated_pair pair(6);
    const auto base = side_of("a", pair.side());
    const auto b = side_of("b", pair.side());
    const std::vector one{b};
    const std::vector<side> many(20, b);
    const auto alone = compare(base, one).front();
    const auto together = compare(base, many).front();
    EXPECT_EQ(together.judged_together, 100u);
    EXPECT_LT(of(together, figure::p99_us).surely.low, of(alone, figure::p99_us).surely.low);
    EXPECT_EQ(of(together, figure::p99_us).mean, of(alone, figure::p99_us).mean);
}

TEST(paired_comparison, doubtful_windows_of_either_are_left_out) {
    simulated_pair pair(7);
    auto base = pair.side();
    auto other = pair.side();
    base.disturbed = {30, 31};
    other.disturbed = {31, 40};
    base.p99_us[30] = 1e9;
    const auto found = compare_two(base, other);
    EXPECT_EQ(found.stages[0].doubtful, 3u);
    EXPECT_EQ(found.stages[0].windows + found.stages[0].unsteady, 57u);
    EXPECT_LT(of(found, figure::p99_us).base, 20'000);
}

TEST(paired_comparison, what_came_before_both_were_steady_is_left_out) {
    simulated_pair pair(8);
    const auto base = pair.side();
    auto other = pair.side();
    for (std::size_t i = 0; i < 12; ++i)
        other.p50_us[i] *= 5;
    const auto found = compare_two(base, other);
    const auto& stage = found.stages[0];
    EXPECT_GE(stage.unsteady, 12u);
    EXPECT_GE(stage.other_steady_s.value_or(0), 12);
    EXPECT_EQ(stage.windows + stage.unsteady, 60u);
}

TEST(paired_comparison, of_what_never_became_steady_nothing_is_said) {
    simulated_pair pair(9);
    const auto base = pair.side();
    auto other = pair.side();
    for (std::size_t i = 0; i < other.p50_us.size(); ++i)
        other.p50_us[i] += 200 * static_cast<double>(i);
    const auto found = compare_two(base, other);
    const auto& stage = found.stages[0];
    EXPECT_TRUE(stage.differences.empty());
    EXPECT_THAT(stage.why_not, HasSubstr("b did not become steady"));
    EXPECT_FALSE(stage.other_steady_s);
    EXPECT_TRUE(stage.base_steady_s);
}

TEST(paired_comparison, of_a_few_windows_nothing_is_said) {
    simulated_pair pair(10, 11);
    const auto found = compare_two(pair.side(), pair.side());
    EXPECT_THAT(found.stages[0].why_not, HasSubstr("11 windows can be compared, it takes 12"));
    EXPECT_TRUE(found.stages[0].differences.empty());
    EXPECT_EQ(found.judged_together, 0u);
}

TEST(paired_comparison, a_regression_is_worse_by_more_than_is_tolerated) {
    const auto tenth = simulated(11, 1.1, 0.005);
    EXPECT_TRUE(is_regression(of(tenth, figure::p50_us), {.share = 0.05}));
    EXPECT_FALSE(is_regression(of(tenth, figure::p50_us), {.share = 0.15}));
    EXPECT_TRUE(is_regression(of(tenth, figure::error_rate), {.errors = 0.001}));
    EXPECT_FALSE(is_regression(of(tenth, figure::error_rate), {.errors = 0.01}));
    const auto faster = simulated(11, 0.8);
    EXPECT_FALSE(is_regression(of(faster, figure::p50_us), {.share = 0.05}));
}

} // namespace
} // namespace beastmark::loadgen::paired
