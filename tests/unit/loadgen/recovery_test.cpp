#include "loadgen/recovery/recovery_output.hpp"
#include "ramp_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::loadgen::recovery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const std::vector<stage> up_and_down{{stage_kind::hold, 5s, 100, 100, 1},
                                     {stage_kind::hold, 5s, 200, 200, 1},
                                     {stage_kind::hold, 5s, 400, 400, 1},
                                     {stage_kind::hold, 5s, 200, 200, 1},
                                     {stage_kind::hold, 5s, 100, 100, 1}};

/// Fails and is slow at 400/s, and for `late` seconds more; then it takes twice as long as before.
run_record overloaded(std::size_t late, std::chrono::nanoseconds after = 4ms) {
    return made_up_run(up_and_down, {{"t", [=](std::size_t second, double rate) {
                                          const auto n = static_cast<std::uint64_t>(rate);
                                          if (second >= 10 && second < 15 + late)
                                              return made_second{n / 2, n / 2, 800ms};
                                          return made_second{n, 0, second < 10 ? 2ms : after};
                                      }}});
}

TEST(recovery, both_legs_and_the_time_back_are_found_in_a_run) {
    const auto found = find_recovery(overloaded(2, 2ms), 0);
    ASSERT_TRUE(found && found->over);
    EXPECT_EQ(found->legs.pairs.size(), 2u);
    EXPECT_EQ(found->over->began_s, 10);
    EXPECT_EQ(found->over->held_rps, 200);
    EXPECT_EQ(found->over->back_after_s, 2);
    EXPECT_THAT(text_of(*found), HasSubstr("Back to normal 2 s after the overload ended."));
    EXPECT_THAT(text_of(*find_recovery(overloaded(0, 2ms), 0)), HasSubstr("Back to normal as soon as"));
}

TEST(recovery, a_service_that_stays_slower_is_told_with_its_rate) {
    const auto text = text_of(*find_recovery(overloaded(0), 0));
    EXPECT_THAT(text, HasSubstr("On the way down p99 is up to 2 times that on the way up"));
    EXPECT_THAT(text, HasSubstr("Not back to normal within 10 s after the overload ended."));
}

TEST(recovery, failures_that_stay_are_told) {
    const auto text = text_of(*find_recovery(overloaded(2, 2ms), 0));
    EXPECT_THAT(text, HasSubstr("At 200/s 20 % fail on the way down, 0 % on the way up."));
}

TEST(recovery, a_service_that_is_as_good_as_before_is_told_so) {
    const auto record = made_up_run(up_and_down, {{"t", [](std::size_t, double rate) {
                                                       return made_second{static_cast<std::uint64_t>(rate)};
                                                   }}});
    EXPECT_EQ(
        text_of(*find_recovery(record, 0)),
        "On the way down p99 is at no rate more than 10 % above that on the way up. It was not overloaded.");
}

TEST(recovery, an_overload_too_short_to_judge_a_return_by_is_not_denied) {
    const auto record = made_up_run(up_and_down, {{"t", [](std::size_t second, double rate) {
                                                       const auto n = static_cast<std::uint64_t>(rate);
                                                       const auto failed =
                                                           second == 11 || second == 13 ? n / 2 : 0;
                                                       return made_second{n - failed, failed};
                                                   }}});
    EXPECT_THAT(text_of(*find_recovery(record, 0)),
                HasSubstr(" It was overloaded for 2 s, which is too short to judge a return by."));
}

TEST(recovery, what_cannot_be_believed_is_not_called_not_overloaded) {
    auto record = made_up_run(up_and_down, {{"t", [](std::size_t, double rate) {
                                                 return made_second{static_cast<std::uint64_t>(rate)};
                                             }}});
    auto found = *find_recovery(record, 0);
    EXPECT_EQ(found.doubtful, 0u);
    found.doubtful = 3;
    EXPECT_THAT(text_of(found), HasSubstr(" Whether it was overloaded is not known: 3 s are not to be"));
}

TEST(recovery, the_warm_up_is_no_way_up) {
    const std::vector<stage> warmed{{stage_kind::hold, 5s, 100, 100, 1},
                                    {stage_kind::hold, 5s, 400, 400, 1},
                                    {stage_kind::hold, 5s, 100, 100, 1}};
    const auto answer = [](std::size_t, double) { return made_second{}; };
    EXPECT_TRUE(find_recovery(made_up_run(warmed, {{"t", answer}}), 0));
    EXPECT_FALSE(find_recovery(made_up_run(warmed, {{"t", answer}}, 5s), 0));
}

TEST(recovery, a_closed_loop_has_none) {
    const auto record = made_up_run({{stage_kind::closed, 5s, 0, 0, 1}},
                                    {{"t", [](std::size_t, double) { return made_second{}; }}});
    EXPECT_FALSE(find_recovery(record, 0));
    nlohmann::json result;
    add_recovery(result, record);
    EXPECT_EQ(result["targets"]["t"]["recovery"], nullptr);
    EXPECT_EQ(summary_of(record), "");
}

TEST(recovery, is_in_the_result_and_the_summary_by_target) {
    const auto record = overloaded(2, 2ms);
    nlohmann::json result;
    add_recovery(result, record);
    const auto& told = result["targets"]["t"]["recovery"];
    EXPECT_EQ(told["peak_rps"], 400);
    EXPECT_EQ(told["up_stages"], nlohmann::json({0, 1, 2}));
    EXPECT_EQ(told["down_stages"], nlohmann::json({2, 3, 4}));
    EXPECT_EQ(told["pairs"][1]["rate_rps"], 200);
    EXPECT_EQ(told["pairs"][1]["up_stage"], 1);
    EXPECT_NEAR(told["pairs"][1]["error_rate_more"].get<double>(), 0.2, 1e-9);
    EXPECT_EQ(told["overload"]["ended_s"], 15);
    EXPECT_EQ(told["overload"]["back_after_s"], 2);
    EXPECT_THAT(summary_of(record), HasSubstr("  recovery of t: "));
}

} // namespace
} // namespace beastmark::loadgen::recovery
