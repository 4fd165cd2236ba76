#include "loadgen/paired/turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::loadgen::paired {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::vector<turn> turns_of(const std::vector<stage>& stages, std::uint64_t seed,
                           std::chrono::nanoseconds length = 2s) {
    return take_turns(schedule(stages).segments(), length, seed);
}

TEST(turns, are_blocks_of_abba_or_baab) {
    std::map<std::string, int> blocks;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto turns = turns_of({{stage_kind::hold, 24s, 10, 10, 1}}, seed);
        ASSERT_EQ(turns.size(), 24u);
        for (std::size_t i = 0; i < turns.size(); i += 4) {
            std::string block;
            for (std::size_t k = i; k < i + 4; ++k)
                block += turns[k].target == 0 ? 'a' : 'b';
            ++blocks[block];
            EXPECT_EQ(turns[i].number, turns[i + 1].number);
            EXPECT_EQ(turns[i + 2].number, turns[i + 3].number);
            EXPECT_EQ(turns[i].number + 1, turns[i + 3].number);
        }
    }
    EXPECT_EQ(blocks.size(), 2u);
    EXPECT_GT(blocks["abba"], 40);
    EXPECT_GT(blocks["baab"], 40);
}

TEST(turns, an_odd_number_of_them_ends_with_one_each) {
    const auto turns = turns_of({{stage_kind::hold, 6s, 10, 10, 1}}, 1);
    ASSERT_EQ(turns.size(), 6u);
    EXPECT_NE(turns[4].target, turns[5].target);
    EXPECT_EQ(turns[4].number, 2u);
    EXPECT_EQ(turns[5].number, 2u);
}

TEST(turns, give_both_the_same_arrivals_each_as_far_into_its_turn) {
    for (const auto kind : {arrival_kind::uniform, arrival_kind::poisson}) {
        const std::vector<stage> asked{{stage_kind::hold, 8s, 50, 50, 1},
                                       {stage_kind::linear, 8s, 50, 200, 1},
                                       {stage_kind::staircase, 8s, 20, 40, 2}};
        const auto turns = turns_of(asked, 3);
        std::array<std::vector<std::chrono::nanoseconds>, 2> due; // since the turn began, turns of 10 s apart
        std::array<std::chrono::nanoseconds, 2> lasts{};
        for (std::size_t target = 0; target < 2; ++target) {
            const schedule own(stages_of(turns, target), {kind, 7});
            lasts[target] = own.duration();
            for (stripe all(own, 0, 1); !all.done(); all.advance()) {
                const auto& t = turns[all.segment_index()];
                EXPECT_EQ(t.target, target);
                const auto since = all.time() - own.segments()[all.segment_index()].start;
                due[target].push_back(10s * static_cast<int>(100 * t.stage + t.number) + since);
            }
        }
        EXPECT_EQ(lasts[0], 48s);
        EXPECT_EQ(lasts[1], 48s);
        ASSERT_EQ(due[0].size(), due[1].size());
        EXPECT_GT(due[0].size(), 1000u);
        for (std::size_t i = 0; i < due[0].size(); ++i)
            ASSERT_LE(std::chrono::abs(due[0][i] - due[1][i]), 1us) << i;
    }
}

TEST(turns, a_stage_is_a_whole_number_of_them) {
    try {
        turns_of({{stage_kind::hold, 5s, 10, 10, 1}}, 1);
        FAIL() << "5 s are no whole number of turns of 2 s";
    } catch (const std::invalid_argument& wrong) {
        EXPECT_THAT(wrong.what(), HasSubstr("a stage of 5s is no whole number of turns of 2s"));
    }
}

} // namespace
} // namespace beastmark::loadgen::paired
