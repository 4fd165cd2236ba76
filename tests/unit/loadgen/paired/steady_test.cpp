#include "loadgen/paired/steady.hpp"
#include "simulated_pair.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>

namespace beastmark::loadgen::paired {
namespace {

const nlohmann::json& stage_of(const nlohmann::json& result) {
    return result["targets"]["a"]["stages"][0];
}

nlohmann::json judged(const told_seconds& told) {
    auto result = result_of({{"a", told}});
    add_steady_state(result);
    return result;
}

TEST(paired_steady, a_stage_says_from_when_on_it_was_steady) {
    auto told = simulated_pair(1).side();
    EXPECT_EQ(stage_of(judged(told))["steady_from_s"], 0.0);
    for (std::size_t i = 0; i < 12; ++i)
        told.p50_us[i] *= 5;
    const auto from_s = stage_of(judged(told))["steady_from_s"].get<double>();
    EXPECT_GE(from_s, 12);
    EXPECT_LE(from_s, 18);
}

TEST(paired_steady, what_goes_on_changing_never_was) {
    auto told = simulated_pair(2).side();
    for (std::size_t i = 0; i < told.p50_us.size(); ++i)
        told.p50_us[i] += 200 * static_cast<double>(i);
    EXPECT_TRUE(stage_of(judged(told)).at("steady_from_s").is_null());
}

TEST(paired_steady, what_fails_for_a_part_of_the_time_never_was) {
    const auto fails = [](std::size_t from, std::size_t to) {
        auto result = result_of({{"a", simulated_pair(7).side()}});
        for (auto i = from; i < to; ++i) {
            auto& second = result["targets"]["a"]["timeline"][i];
            second["availability"] = 0;
            second["response"]["p50_us"] = nullptr; // nothing is answered
        }
        add_steady_state(result);
        return stage_of(result).at("steady_from_s");
    };
    EXPECT_TRUE(fails(0, 20).is_null());
    EXPECT_TRUE(fails(20, 40).is_null());
    EXPECT_TRUE(fails(4, 60).is_null()) << "of too few seconds a median is known";
    EXPECT_TRUE(fails(40, 60).is_null());
    EXPECT_EQ(fails(30, 31), 0.0) << "a second is no part of the time";
}

TEST(paired_steady, nothing_is_said_of_a_short_stage_or_a_warm_up) {
    EXPECT_FALSE(stage_of(judged(simulated_pair(3, 9).side())).contains("steady_from_s"));
    EXPECT_TRUE(stage_of(judged(simulated_pair(3, 10).side())).contains("steady_from_s"));
    auto result = result_of({{"a", simulated_pair(4).side()}});
    result["targets"]["a"]["stages"][0]["warmup"] = true;
    add_steady_state(result);
    EXPECT_FALSE(stage_of(result).contains("steady_from_s"));
}

TEST(paired_steady, nothing_is_said_of_what_was_never_answered) {
    auto result = result_of({{"a", simulated_pair(5).side()}});
    for (auto& second : result["targets"]["a"]["timeline"])
        second["response"]["p50_us"] = nullptr;
    add_steady_state(result);
    EXPECT_FALSE(stage_of(result).contains("steady_from_s"));
}

TEST(paired_steady, seconds_not_to_be_believed_do_not_count) {
    auto told = simulated_pair(6).side();
    for (std::size_t i = 50; i < told.p50_us.size(); ++i) {
        told.p50_us[i] *= 20;
        told.disturbed.push_back(i);
    }
    EXPECT_EQ(stage_of(judged(told)).at("steady_from_s"), 0.0);
    for (std::size_t i = 9; i < 50; ++i)
        told.disturbed.push_back(i);
    EXPECT_FALSE(stage_of(judged(told)).contains("steady_from_s"));
}

} // namespace
} // namespace beastmark::loadgen::paired
