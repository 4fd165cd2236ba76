#include "loadgen/comparison_output.hpp"
#include "loadgen/comparison_paired.hpp"
#include "tests/unit/loadgen/compared_results.hpp"
#include "tests/unit/loadgen/statistics/simulated_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing_results::result_of;
using testing_results::step;

constexpr std::size_t rates = 8; // 1000/s to 8000/s

// Rounds of targets, each by the same ladder, with a deviation of a twentieth from stage to stage.
class rounds_of_targets {
public:
    explicit rounds_of_targets(std::uint64_t seed = 1) : series_(seed) {}

    rounds_of_targets& add(const std::string& name, std::vector<double> p99_ms_by_round) {
        for (const double p99_ms : p99_ms_by_round) {
            std::vector<step> steps;
            const auto stages = series_.latency(rates, 0.3, p99_ms, 0.05);
            for (std::size_t i = 0; i < rates; ++i)
                steps.push_back({.rate = 1000.0 * static_cast<double>(i + 1), .p99_ms = stages[i]});
            results.push_back(result_of(name, steps));
        }
        return *this;
    }

    [[nodiscard]] comparison compared() const { return *compare(results).found; }

    std::vector<json> results;

private:
    statistics::simulated_series series_;
};

const paired_figure& p99_of(const paired_targets& pair) {
    return pair.figures.at(0);
}

TEST(comparison_paired, a_difference_is_told_with_its_interval_and_where_it_was_taken) {
    const auto all = rounds_of_targets().add("a", {1, 1, 1}).add("b", {2, 2, 2}).compared();
    const auto pairs = pair_with_first(all);
    ASSERT_EQ(pairs.size(), 1u);
    EXPECT_EQ(pairs[0].pairs, 24u);
    EXPECT_EQ(p99_of(pairs[0]).what, measure::p99_us);
    EXPECT_EQ(p99_of(pairs[0]).found, shown::difference);
    EXPECT_TRUE(p99_of(pairs[0]).likely.contains(2)) << p99_of(pairs[0]).ratio;
    EXPECT_LT(p99_of(pairs[0]).surely.low, p99_of(pairs[0]).likely.low);
    const auto words = paired_words_of(all);
    ASSERT_EQ(words.size(), 2u);
    EXPECT_THAT(words[0], AllOf(HasSubstr("b beside a at the rates that both held (1,000 to 8,000 "
                                          "requests/s, 24 stages of 3 rounds): p99 is "),
                                HasSubstr(" times that of a ["), HasSubstr(", p50 is "),
                                Not(HasSubstr("no difference")), Not(HasSubstr("CPU")))); // nobody watched
    EXPECT_THAT(words[1], HasSubstr("Paired: the same rate in the same round"));
}

TEST(comparison_paired, it_ends_the_text_the_document_and_is_in_the_page) {
    const auto all = rounds_of_targets().add("a", {1, 1, 1}).add("b*", {2, 2, 2}).compared();
    EXPECT_THAT(comparison_text(all), HasSubstr("\n\n  b* beside a at the rates that both held"));
    EXPECT_THAT(comparison_markdown(all, ""), HasSubstr("\n\nb\\* beside a at the rates that both held"));
    EXPECT_EQ(comparison_json(all)["paired"], paired_words_of(all));
}

TEST(comparison_paired, no_difference_is_shown_of_the_same_thing) {
    const auto all = rounds_of_targets().add("a", {1, 1, 1}).add("b", {1, 1, 1}).compared();
    EXPECT_THAT(paired_words_of(all)[0], HasSubstr("no difference is shown of p99 ["));
}

TEST(comparison_paired, rounds_that_disagree_show_none) {
    std::vector<double> slower(9, 1.5);
    slower[4] = 0.97;
    const auto all = rounds_of_targets().add("a", std::vector<double>(9, 1)).add("b", slower).compared();
    const auto pair = pair_with_first(all)[0];
    EXPECT_GT(p99_of(pair).surely.low, 1);
    EXPECT_FALSE(p99_of(pair).each_round_alike);
    EXPECT_EQ(p99_of(pair).found, shown::no_difference);
}

TEST(comparison_paired, a_difference_within_that_of_the_same_program_is_none) {
    rounds_of_targets rounds;
    rounds.add("a", {1, 1, 1}).add("b", {1.2, 1.2, 1.2});
    EXPECT_EQ(p99_of(pair_with_first(rounds.compared())[0]).found, shown::difference);
    rounds.add("a-2", {1.3, 1.3, 1.3});
    EXPECT_EQ(p99_of(pair_with_first(rounds.compared())[0]).found, shown::no_difference);
}

TEST(comparison_paired, one_round_is_said_to_be_one) {
    rounds_of_targets rounds;
    for (const auto* const name : {"a", "b"}) {
        std::vector<step> steps;
        for (int i = 1; i <= 16; ++i)
            steps.push_back({.rate = 100.0 * i, .p99_ms = (name[0] == 'a' ? 1 : 2) + 0.01 * (i % 3)});
        rounds.results.push_back(result_of(name, steps));
    }
    EXPECT_THAT(paired_words_of(rounds.compared())[0],
                AllOf(HasSubstr("16 stages of 1 round)"), HasSubstr("] (one round)")));
}

TEST(comparison_paired, only_what_both_held_and_what_is_to_be_believed_counts) {
    rounds_of_targets rounds;
    rounds.add("a", {1, 1, 1}).add("b", {2, 2, 2});
    auto& missed = rounds.results[4]["targets"]["b"]["stages"][6]; // round 2, 7000/s
    missed["totals"]["availability"] = 0.9;
    auto& doubted = rounds.results[0]["targets"]["a"]["stages"][1];
    doubted["validity"]["believable"] = false;
    const auto pair = pair_with_first(rounds.compared())[0];
    EXPECT_EQ(pair.pairs, 24u - 2 - 1);
    EXPECT_EQ(pair.rounds, 3u);
}

TEST(comparison_paired, too_few_stages_say_nothing) {
    const auto few = rounds_of_targets().add("a", {1}).add("b", {2}).compared();
    EXPECT_THAT(paired_words_of(few), ElementsAre(HasSubstr("too few stages to say how sure a difference is: "
                                                            "it takes 12")));
    const auto none = rounds_of_targets().add("a", {1}).add("b", {90}).compared();
    EXPECT_THAT(paired_words_of(none), ElementsAre("There is no rate that a and b held in the same round."));
    EXPECT_THAT(paired_words_of(rounds_of_targets().add("a", {1, 1}).compared()), IsEmpty());
}

// 100 comparisons of four targets that do not differ: 99.9 % of binomial draws of 100 at 5 % are 13 or fewer.
TEST(comparison_paired, false_alarms_over_all_figures_are_rare) {
    int alarmed = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        rounds_of_targets rounds(seed);
        for (const auto* const name : {"a", "b", "c", "d"})
            rounds.add(name, {1, 1, 1});
        bool any = false;
        for (const auto& pair : pair_with_first(rounds.compared())) {
            EXPECT_THAT(pair.figures, SizeIs(2));
            for (const auto& figure : pair.figures)
                any = any || figure.found != shown::no_difference;
        }
        alarmed += any ? 1 : 0;
    }
    RecordProperty("false_alarms", alarmed);
    EXPECT_LE(alarmed, 13);
}

} // namespace
} // namespace beastmark::loadgen
