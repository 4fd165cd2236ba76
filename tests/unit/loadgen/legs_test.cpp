#include "loadgen/recovery/legs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace beastmark::loadgen::recovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Holds of 10 s; p99 is the stage's place among them, in milliseconds.
std::vector<leg_stage> holds(const std::vector<double>& rates) {
    std::vector<leg_stage> stages;
    for (std::size_t i = 0; i < rates.size(); ++i) {
        const auto p99_us = 1000 * static_cast<double>(i + 1);
        stages.push_back({.index = i,
                          .start_s = 10 * static_cast<double>(i),
                          .end_s = 10 * static_cast<double>(i + 1),
                          .from_rps = rates[i],
                          .to_rps = rates[i],
                          .figures = {.p50_us = p99_us / 2,
                                      .p99_us = p99_us,
                                      .error_rate = 0.01 * static_cast<double>(i),
                                      .achieved_rps = rates[i] - static_cast<double>(i)}});
    }
    return stages;
}

leg_stage linear(std::size_t index, double from, double to) {
    return {.index = index, .from_rps = from, .to_rps = to, .holds = false, .figures = {}};
}

TEST(recovery_legs, the_same_rates_of_both_are_paired) {
    const auto legs = find_legs(holds({100, 200, 400, 200, 100}));
    ASSERT_TRUE(legs);
    EXPECT_EQ(legs->peak_rps, 400);
    EXPECT_THAT(legs->up, ElementsAre(0, 1, 2));
    EXPECT_THAT(legs->down, ElementsAre(2, 3, 4));
    ASSERT_EQ(legs->pairs.size(), 2u);
    EXPECT_EQ(legs->pairs[0].rate_rps, 100);
    EXPECT_EQ(legs->pairs[0].up_stage, 0u);
    EXPECT_EQ(legs->pairs[0].down_stage, 4u);
    EXPECT_EQ(legs->pairs[0].p99_ratio(), 5);
    EXPECT_EQ(legs->pairs[0].p50_ratio(), 5);
    EXPECT_DOUBLE_EQ(*legs->pairs[0].error_rate_more(), 0.04);
    EXPECT_DOUBLE_EQ(*legs->pairs[0].achieved_ratio(), 0.96);
    EXPECT_EQ(legs->pairs[1].p99_ratio(), 2);
}

TEST(recovery_legs, there_are_none_without_a_way_up_and_a_way_down) {
    EXPECT_FALSE(find_legs({}));
    EXPECT_FALSE(find_legs(holds({100})));
    EXPECT_FALSE(find_legs(holds({100, 200, 400})));
    EXPECT_FALSE(find_legs(holds({400, 200, 100})));
    EXPECT_FALSE(find_legs(holds({100, 400, 0}))) << "a pause is no way down";
    EXPECT_FALSE(find_legs(std::vector{linear(0, 0, 400)}));
}

TEST(recovery_legs, linear_ramps_are_ways_but_have_no_rate_to_compare) {
    const auto legs = find_legs(std::vector{linear(0, 0, 400), linear(1, 400, 0)});
    ASSERT_TRUE(legs);
    EXPECT_THAT(legs->up, ElementsAre(0));
    EXPECT_THAT(legs->down, ElementsAre(1));
    EXPECT_THAT(legs->pairs, IsEmpty());
}

TEST(recovery_legs, between_several_peaks_there_is_neither_way) {
    const auto legs = find_legs(holds({100, 400, 100, 400, 100}));
    ASSERT_TRUE(legs);
    EXPECT_THAT(legs->up, ElementsAre(0, 1, 3));
    EXPECT_THAT(legs->down, ElementsAre(3, 4));
    ASSERT_EQ(legs->pairs.size(), 1u);
    EXPECT_EQ(legs->pairs[0].up_stage, 0u);
    EXPECT_EQ(legs->pairs[0].down_stage, 4u);
}

TEST(recovery_legs, of_a_rate_that_comes_again_those_closest_to_the_peak_count) {
    const auto legs = find_legs(holds({100, 100, 400, 100, 100}));
    ASSERT_TRUE(legs);
    ASSERT_EQ(legs->pairs.size(), 1u);
    EXPECT_EQ(legs->pairs[0].up_stage, 1u);
    EXPECT_EQ(legs->pairs[0].down_stage, 3u);
}

TEST(recovery_legs, what_is_incomplete_is_not_compared_and_doubt_is_passed_on) {
    auto stages = holds({100, 200, 400, 200, 100});
    stages[4].complete = false;
    stages[1].believable = false;
    const auto legs = find_legs(stages);
    ASSERT_TRUE(legs);
    ASSERT_EQ(legs->pairs.size(), 1u);
    EXPECT_EQ(legs->pairs[0].rate_rps, 200);
    EXPECT_FALSE(legs->pairs[0].believable);
}

TEST(recovery_legs, what_is_not_known_has_no_ratio) {
    auto stages = holds({100, 400, 100});
    stages[2].figures.p99_us.reset();
    stages[2].figures.achieved_rps = 0;
    stages[0].figures.error_rate.reset();
    const auto legs = find_legs(stages);
    ASSERT_TRUE(legs);
    EXPECT_FALSE(legs->pairs[0].p99_ratio());
    EXPECT_FALSE(legs->pairs[0].achieved_ratio());
    EXPECT_FALSE(legs->pairs[0].error_rate_more());
}

} // namespace
} // namespace beastmark::loadgen::recovery
