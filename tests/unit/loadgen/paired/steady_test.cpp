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
