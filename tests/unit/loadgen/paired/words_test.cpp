#include "loadgen/paired/output.hpp"
#include "loadgen/paired/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace beastmark::loadgen::paired {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

difference p99(double mean_us, interval likely, finding found) {
    difference d{.what = figure::p99_us, .base = 25'000, .other = 25'000 + mean_us, .mean = mean_us};
    d.likely = d.surely = likely;
    d.found = found;
    return d;
}

comparison of(difference d) {
    comparison all{"a", "b", {}, 1, d.noise_floor.has_value()};
    compared_stage stage;
    stage.from_rps = stage.to_rps = 12'000;
    stage.windows = 58;
    stage.base_steady_s = 0;
    stage.other_steady_s = 3;
    stage.differences = {std::move(d)};
    stage.by_window = {{1, {0.0, 1.0, std::nullopt, 0.0, std::nullopt}}};
    all.stages = {stage};
    return all;
}

TEST(paired_words, a_difference_is_told_with_its_interval_rate_and_noise) {
    auto d = p99(3'100, {2'400, 3'900}, finding::worse);
    d.noise_floor = 400;
    EXPECT_THAT(
        headline_of(of(d)),
        ElementsAre("b's p99 is 3.1 ms (12 %) higher [2.4, 3.9] at 12,000 requests/s; noise floor 400 us"));
}

TEST(paired_words, less_is_told_as_lower_with_the_interval_turned) {
    EXPECT_THAT(
        headline_of(of(p99(-310, {-390, -240}, finding::better))),
        ElementsAre(
            "b's p99 is 310 us (1.2 %) lower [240, 390] at 12,000 requests/s; noise floor not measured"));
}

TEST(paired_words, no_difference_is_not_called_equality) {
    EXPECT_THAT(
        headline_of(of(p99(-31, {-90, 24}, finding::no_difference))),
        ElementsAre("No difference between a and b is shown at 12,000 requests/s: p99 -31 us [-90, 24]"));
}

TEST(paired_words, an_error_rate_is_told_in_points) {
    difference d{.what = figure::error_rate,
                 .base = 0.01,
                 .other = 0.015,
                 .mean = 0.005,
                 .likely = {0.0035, 0.0065},
                 .surely = {0.003, 0.007},
                 .noise_floor = {},
                 .found = finding::worse};
    EXPECT_THAT(headline_of(of(d)), ElementsAre(HasSubstr("b's error rate is 0.50 % higher [0.35, 0.65]")));
    EXPECT_EQ(relative_text(d), "");
}

TEST(paired_words, why_nothing_is_said_is_told) {
    comparison all{"a", "b", {}, 0, false};
    EXPECT_THAT(headline_of(all), ElementsAre(HasSubstr("no stage of both came to its end")));
    compared_stage stage;
    stage.to_rps = 10;
    stage.why_not = "b did not become steady";
    all.stages = {stage};
    EXPECT_THAT(headline_of(all), ElementsAre(HasSubstr("No verdict on a and b")));
    EXPECT_THAT(text_of(all), HasSubstr("b did not become steady"));
}

TEST(paired_words, the_noise_floor_is_the_far_end_of_a_null_comparison) {
    EXPECT_THAT(noise_of(of(p99(-100, {-420, 200}, finding::no_difference))),
                ElementsAre("Noise floor at 12,000 requests/s: p99 420 us"));
}

TEST(paired_words, a_table_has_both_and_says_how_sure) {
    const auto text = text_of(of(p99(3'100, {2'400, 3'900}, finding::worse)));
    EXPECT_THAT(text, HasSubstr("58 windows, a steady from the start, b steady from 3 s"));
    EXPECT_THAT(text, HasSubstr("25 ms"));
    EXPECT_THAT(text, HasSubstr("+3.1 ms [2.4, 3.9]"));
    EXPECT_THAT(text, HasSubstr("of 1 figures judged together none is wrong with 95 %"));
}

TEST(paired_words, markdown_keeps_names_from_being_markup) {
    auto all = of(p99(3'100, {2'400, 3'900}, finding::worse));
    all.other = "b|<i>";
    const auto text = markdown_of(all);
    EXPECT_THAT(text, HasSubstr("| b\\|\\<i> |"));
    EXPECT_THAT(text, HasSubstr("**worse**"));
}

TEST(paired_words, json_gives_back_what_a_noise_floor_needs) {
    const auto written = json_of(of(p99(3'100, {2'400, 3'900}, finding::worse)));
    EXPECT_EQ(written["stages"][0]["figures"][0]["found"], "worse");
    EXPECT_EQ(written["stages"][0]["differences"]["p99_us"][0], 1.0);
    EXPECT_EQ(written["stages"][0]["differences"]["p50_us"][0], nullptr);
    const auto read = read_comparison(written);
    ASSERT_EQ(read.stages.size(), 1u);
    ASSERT_EQ(read.stages[0].differences.size(), 1u);
    EXPECT_EQ(read.stages[0].differences[0].what, figure::p99_us);
    EXPECT_EQ(read.stages[0].differences[0].likely, (interval{2'400, 3'900}));
    EXPECT_TRUE(read_comparison(nlohmann::json("?")).stages.empty());
}

} // namespace
} // namespace beastmark::loadgen::paired
