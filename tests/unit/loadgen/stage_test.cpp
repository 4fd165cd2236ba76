#include "loadgen/stage.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(parse_rate, reads_numbers_with_si_suffixes) {
    EXPECT_EQ(parse_rate("500"), 500);
    EXPECT_EQ(parse_rate("10k"), 10'000);
    EXPECT_EQ(parse_rate("2.5K"), 2'500);
    EXPECT_EQ(parse_rate("1M"), 1e6);
    EXPECT_EQ(parse_rate("0.5"), 0.5);
}

TEST(parse_rate, refuses_what_is_no_rate) {
    for (const char* const text : {"", "k", "0", "-1", "10x", "1e3", "nan", "inf", "2G", "10 k", "0x10"})
        EXPECT_THROW(parse_rate(text), std::invalid_argument) << text;
}

TEST(parse_stage, reads_holds_ramps_and_staircases) {
    EXPECT_EQ(parse_stage("30s:500"), (stage{stage_kind::hold, 30s, 500, 500, 1}));
    EXPECT_EQ(parse_stage("5m:500..10k"), (stage{stage_kind::linear, 300s, 500, 10'000, 1}));
    EXPECT_EQ(parse_stage("5m:10k..500/20"), (stage{stage_kind::staircase, 300s, 10'000, 500, 20}));
    EXPECT_EQ(parse_stage("1m30s:0..2.5k"), (stage{stage_kind::linear, 90s, 0, 2'500, 1}));
    EXPECT_EQ(parse_stage("10s:0"), (stage{stage_kind::hold, 10s, 0, 0, 1})); // a pause
}

TEST(parse_stage, says_what_is_wrong_in_one_line) {
    for (const char* const text :
         {"", "30s", "5:5", "30s:", ":5", "0s:5", "30s:a", "30s:1..", "30s:..5", "30s:1..2/", "30s:1..2/1",
          "30s:5/3", "30s:1..2/x", "30s:1..2/3x", "30s:1..2..3", "30s:1..2/99999999999", "-3s:5"}) {
        try {
            parse_stage(text);
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& wrong) {
            const std::string message = wrong.what();
            EXPECT_NE(message.find(text), std::string::npos) << message;
            EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        }
    }
}

} // namespace
} // namespace beastmark::loadgen
