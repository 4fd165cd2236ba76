#include "loadgen/panel/bars.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace beastmark::loadgen {
namespace {

TEST(sparkline, heights_are_eighths_of_the_largest) {
    const std::vector<double> rising{1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(sparkline(rising, 8, true), "▁▂▃▄▅▆▇█");
    EXPECT_EQ(sparkline(rising, 8, false), ".:-=+*#@");
}

TEST(sparkline, what_is_above_nothing_is_seen_and_nothing_is_blank) {
    EXPECT_EQ(sparkline(std::vector<double>{0, 0.001, 1000}, 3, true), " ▁█");
    EXPECT_EQ(sparkline(std::vector<double>{0, 0}, 2, true), "  ");
}

TEST(sparkline, shows_the_newest_to_the_right) {
    EXPECT_EQ(sparkline(std::vector<double>{9, 1, 2}, 2, false), "=@");
    EXPECT_EQ(sparkline(std::vector<double>{1}, 4, false), "   @");
    EXPECT_EQ(sparkline({}, 3, true), "   ");
    EXPECT_EQ(sparkline(std::vector<double>{1}, 0, true), "");
}

TEST(progress_bar, moves_by_an_eighth_of_a_column) {
    EXPECT_EQ(progress_bar(0, 4, true), "░░░░");
    EXPECT_EQ(progress_bar(1.0 / 32, 4, true), "▏░░░");
    EXPECT_EQ(progress_bar(19.0 / 32, 4, true), "██▍░");
    EXPECT_EQ(progress_bar(1, 4, true), "████");
    EXPECT_EQ(progress_bar(1.5, 4, true), "████");
    EXPECT_EQ(progress_bar(0.74, 4, false), "##..");
}

} // namespace
} // namespace beastmark::loadgen
