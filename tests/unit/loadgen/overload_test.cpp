#include "loadgen/recovery/overload.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace beastmark::loadgen::recovery {
namespace {

/// 10 s at 100/s and 10 s at 200/s, held; 10 s at 400/s, overloaded from the third second on; 20 s at 100/s,
/// of which the first `late` are as bad as the overload.
struct ramp {
    std::vector<observed_second> seconds;
    std::vector<load_stretch> stages{{0, 10}, {10, 20}, {20, 30}, {30, 50}};

    explicit ramp(std::size_t late) {
        for (std::size_t i = 0; i < 50; ++i) {
            const double rate = i < 10 ? 100 : i < 20 ? 200 : i < 30 ? 400 : 100;
            const bool bad = (i >= 22 && i < 30) || (i >= 30 && i < 30 + late);
            const auto t = static_cast<double>(i);
            // 2 ms, and in each other second of the second stage 3: a spread of its own.
            const double p99_us = bad ? 900'000 : i >= 10 && i < 20 && i % 2 == 1 ? 3000 : 2000;
            seconds.push_back({t, t + 1, rate, p99_us, bad ? 0.3 : 0.0, true, bad && i < 30});
        }
    }

    [[nodiscard]] std::optional<overload> found() const { return find_overload(seconds, stages); }
};

TEST(overload, the_time_back_counts_from_the_fall_of_the_load_below_what_was_held) {
    const auto over = ramp(4).found();
    ASSERT_TRUE(over);
    EXPECT_EQ(over->began_s, 22);
    EXPECT_EQ(over->held_rps, 200) << "the stage in which it began was not held, though it showed late";
    EXPECT_EQ(over->ended_s, 30);
    EXPECT_EQ(over->back_after_s, 4);
    EXPECT_EQ(over->watched_s, 20);
    EXPECT_EQ(ramp(0).found()->back_after_s, 0);
}

TEST(overload, normal_is_the_level_before_at_the_rate_that_was_held) {
    const auto over = ramp(0).found();
    ASSERT_TRUE(over->p99_us && over->error_rate);
    EXPECT_EQ(over->p99_us->median, 2500) << "of 200/s, not of 100/s";
    EXPECT_DOUBLE_EQ(over->p99_us->limit, 2500 + 3 * 1.4826 * 500);
    EXPECT_EQ(over->error_rate->limit, 0.001);
}

TEST(overload, a_level_allows_a_tenth_its_own_spread_or_the_least_whichever_is_more) {
    EXPECT_DOUBLE_EQ(level_of({100, 100, 100}, 0).limit, 110);
    EXPECT_DOUBLE_EQ(level_of({90, 100, 120}, 0).limit, 100 + 3 * 1.4826 * 10);
    EXPECT_DOUBLE_EQ(level_of({100, 100, 9000}, 0).limit, 110) << "one second says nothing of the others";
    EXPECT_DOUBLE_EQ(level_of({0, 0, 0}, 0.001).limit, 0.001);
}

TEST(overload, back_is_only_what_stays_back_for_three_seconds) {
    auto made = ramp(4);
    made.seconds[36].p99_us = 900'000; // two normal seconds before it
    EXPECT_EQ(made.found()->back_after_s, 7);
    made.seconds[39].error_rate = 0.002; // and again, by its errors
    EXPECT_EQ(made.found()->back_after_s, 10);
}

TEST(overload, who_does_not_come_back_is_told_for_how_long_it_was_watched) {
    const auto over = ramp(18).found();
    ASSERT_TRUE(over);
    EXPECT_FALSE(over->back_after_s) << "two normal seconds at the end are too few";
    EXPECT_EQ(over->watched_s, 20);
}

TEST(overload, a_second_without_an_answer_is_not_normal) {
    auto made = ramp(0);
    made.seconds[31].p99_us.reset();
    EXPECT_EQ(made.found()->back_after_s, 2);
}

TEST(overload, seconds_not_to_be_believed_say_nothing_of_the_service) {
    auto made = ramp(4);
    made.seconds[35].believable = false;
    made.seconds[35].p99_us = 900'000;
    EXPECT_EQ(made.found()->back_after_s, 4);
    for (auto& s : made.seconds)
        s.believable = s.believable && !s.overloaded;
    EXPECT_FALSE(made.found());
}

TEST(overload, a_hiccup_is_none) {
    auto made = ramp(0);
    for (auto& s : made.seconds)
        s.overloaded = false;
    made.seconds[22].overloaded = made.seconds[23].overloaded = true;
    EXPECT_FALSE(made.found());
}

TEST(overload, that_began_with_the_run_has_nothing_to_return_to) {
    auto made = ramp(0);
    for (std::size_t i = 0; i < 3; ++i)
        made.seconds[i].overloaded = true;
    const auto over = made.found();
    ASSERT_TRUE(over);
    EXPECT_EQ(over->held_rps, 0);
    EXPECT_FALSE(over->p99_us);
    EXPECT_FALSE(over->back_after_s);
}

TEST(overload, has_no_end_where_the_load_does_not_fall_far_enough) {
    auto made = ramp(0);
    for (std::size_t i = 30; i < 50; ++i)
        made.seconds[i].rate_rps = 300;
    const auto over = made.found();
    ASSERT_TRUE(over);
    EXPECT_FALSE(over->ended_s);
    EXPECT_FALSE(over->back_after_s);
}

TEST(overload, on_a_linear_ramp_what_was_held_is_the_rate_at_which_it_began) {
    ramp made(0);
    made.stages = {{0, 30, false}, {30, 50}};
    for (std::size_t i = 0; i < 30; ++i)
        made.seconds[i].rate_rps = 10 * static_cast<double>(i) + 5;
    const auto over = made.found();
    ASSERT_TRUE(over);
    EXPECT_EQ(over->held_rps, 215);
    EXPECT_EQ(over->ended_s, 30);
    ASSERT_TRUE(over->p99_us) << "of the seconds at 90 % of it and more: 195, 205, 215";
}

} // namespace
} // namespace beastmark::loadgen::recovery
