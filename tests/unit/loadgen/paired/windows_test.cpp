#include "loadgen/paired/windows.hpp"
#include "paired_results.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace beastmark::loadgen::paired {
namespace {

told_seconds three_seconds() {
    return {.p50_us = {100, 110, 120},
            .p99_us = {900, 910, 920},
            .error_rate = {0, 0.5, 0},
            .throughput_rps = {1000, 500, 1000},
            .cpu_us = {50, 60, 70}};
}

TEST(paired_windows, each_second_of_a_stage_is_one) {
    const auto stages = read_stages(result_of({{"a", three_seconds()}}), "a");
    ASSERT_EQ(stages.size(), 1u);
    EXPECT_EQ(stages[0].to_rps, 1000);
    ASSERT_EQ(stages[0].windows.size(), 3u);
    const auto& second = stages[0].windows[1];
    EXPECT_EQ(second.place, 1u);
    EXPECT_EQ(second.t_s, 2);
    EXPECT_EQ(second.value(figure::p50_us), 110);
    EXPECT_EQ(second.value(figure::p99_us), 910);
    EXPECT_EQ(second.value(figure::error_rate), 0.5);
    EXPECT_EQ(second.value(figure::throughput_rps), 500);
    EXPECT_DOUBLE_EQ(second.value(figure::cpu_us).value_or(0), 60);
}

TEST(paired_windows, cpu_is_what_the_service_says_where_nobody_watched_it) {
    auto result = result_of({{"a", three_seconds()}});
    result["watched"].erase("a");
    EXPECT_FALSE(read_stages(result, "a")[0].windows[0].value(figure::cpu_us));
    result["scraped"]["a"] = {
        {"t_s", {1.0, 2.0, 3.0}},
        {"series", {{{"name", "process_cpu_seconds_total"}, {"rate_per_s", {0.1, nullptr, 0.2}}}}}};
    const auto windows = read_stages(result, "a")[0].windows;
    EXPECT_DOUBLE_EQ(windows[0].value(figure::cpu_us).value_or(0), 100);
    EXPECT_FALSE(windows[1].value(figure::cpu_us)); // no sample
    EXPECT_DOUBLE_EQ(windows[2].value(figure::cpu_us).value_or(0), 200);
}

TEST(paired_windows, warm_ups_pauses_and_what_was_cut_short_are_none) {
    auto result = result_of({{"a", three_seconds()}});
    auto& stage = result["targets"]["a"]["stages"][0];
    const auto whole = stage;
    stage["warmup"] = true;
    EXPECT_TRUE(read_stages(result, "a").empty());
    stage = whole;
    stage["complete"] = false;
    EXPECT_TRUE(read_stages(result, "a").empty());
    stage = whole;
    stage["from_rps"] = stage["to_rps"] = 0;
    EXPECT_TRUE(read_stages(result, "a").empty());
}

TEST(paired_windows, a_second_is_of_the_stage_that_it_lies_in) {
    auto result = result_of({{"a", three_seconds()}});
    result["targets"]["a"]["stages"][0]["start_s"] = 0.5; // the first second is half of another
    result["targets"]["a"]["timeline"][2]["t_s"] = 2.7;   // the last is short
    const auto windows = read_stages(result, "a")[0].windows;
    ASSERT_EQ(windows.size(), 1u);
    EXPECT_EQ(windows[0].t_s, 2);
}

TEST(paired_windows, what_is_missing_or_of_another_type_is_left_out) {
    auto result = result_of({{"a", three_seconds()}});
    result["targets"]["a"]["timeline"][0] = "?";
    result["targets"]["a"]["timeline"][1]["response"]["p50_us"] = nullptr;
    result["targets"]["a"]["timeline"][1]["verdict"] = "disturbed";
    const auto windows = read_stages(result, "a")[0].windows;
    ASSERT_EQ(windows.size(), 2u);
    EXPECT_FALSE(windows[0].value(figure::p50_us));
    EXPECT_TRUE(windows[0].value(figure::p99_us));
    EXPECT_FALSE(windows[0].believable);
    EXPECT_TRUE(read_stages(result, "b").empty());
    EXPECT_TRUE(read_stages(nlohmann::json(7), "a").empty());
}

TEST(paired_windows, turns_of_one_stage_are_its_windows) {
    nlohmann::json stages = nlohmann::json::array();
    for (int i = 0; i < 4; ++i) {
        const bool own = i == 0 || i == 3;
        stages.push_back({{"index", i},
                          {"kind", "hold"},
                          {"complete", true},
                          {"warmup", false},
                          {"start_s", 2.0 * i},
                          {"end_s", 2.0 * (i + 1)},
                          {"from_rps", own ? 500 : 0},
                          {"to_rps", own ? 500 : 0},
                          {"validity", {{"believable", i == 0}}},
                          {"totals", {{"availability", 1.0}, {"achieved_rps", 499.5}, {"completed", 1000}}},
                          {"latency", {{"response", {{"p50_us", 100.0 + i}, {"p99_us", 1000.0}}}}}});
        if (own)
            stages.back()["turn"] = {{"stage", 0}, {"number", i / 2}};
    }
    const nlohmann::json result{
        {"targets", {{"a", {{"stages", stages}}}}},
        {"watched",
         {{"a", {{"t_s", {1, 2, 3, 4, 5, 6, 7, 8}}, {"cpu_cores", {.1, .3, 9, 9, 9, 9, .2, .2}}}}}}};
    const auto found = read_stages(result, "a");
    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(found[0].windows.size(), 2u);
    EXPECT_EQ(found[0].windows[0].place, 0u);
    EXPECT_EQ(found[0].windows[1].place, 1u);
    EXPECT_EQ(found[0].windows[1].value(figure::p50_us), 103);
    EXPECT_TRUE(found[0].windows[0].believable);
    EXPECT_FALSE(found[0].windows[1].believable);
    EXPECT_DOUBLE_EQ(found[0].windows[0].value(figure::cpu_us).value_or(0), 400); // 0.2 cores for 2 s by 1000
}

} // namespace
} // namespace beastmark::loadgen::paired
