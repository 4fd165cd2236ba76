#include "loadgen/panel/redraw.hpp"
#include "tests/support/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using ::testing::ElementsAre;

std::vector<panel_line> picture(const std::vector<std::string>& lines) {
    std::vector<panel_line> all;
    for (const auto& line : lines)
        all.push_back({line, columns_of(line)});
    return all;
}

// ONLCR, as terminals are set.
std::string through_line_discipline(const std::string& written) {
    std::string bytes;
    for (const char c : written)
        bytes += c == '\n' ? std::string("\r\n") : std::string(1, c);
    return bytes;
}

TEST(redraw, a_picture_takes_the_place_of_the_last_one) {
    redraw tested;
    const terminal_size size{10, 5};
    EXPECT_EQ(tested.show(picture({"ab", "c"}), size), "\rab\x1b[K\nc\x1b[K\n\x1b[J");
    EXPECT_EQ(tested.show(picture({"d"}), size), "\r\x1b[2Ad\x1b[K\n\x1b[J");
    EXPECT_EQ(tested.wipe(size), "\r\x1b[1A\x1b[J");
    EXPECT_EQ(tested.wipe(size), ""); // nothing is there
    EXPECT_EQ(tested.show(picture({"e"}), size), "\re\x1b[K\n\x1b[J");
}

TEST(redraw, what_was_there_before_stays_and_what_comes_after_begins_in_its_place) {
    redraw tested;
    testing::screen seen(20, 4);
    seen.write("before 1\r\nbefore 2\r\n");
    const terminal_size size{20, 4};
    const auto show = [&](const std::vector<std::string>& lines) {
        seen.write(through_line_discipline(tested.show(picture(lines), size)));
    };
    show({"one", "▁▂▃", "three"}); // the screen is full: its first line goes
    show({"1", "2"});
    EXPECT_THAT(seen.lines(), ElementsAre("before 1", "before 2", "1", "2"));
    seen.write("^C"); // echoed where the cursor is left
    show({"one", "two", "three"});
    EXPECT_THAT(seen.lines(), ElementsAre("before 1", "before 2", "one", "two", "three"));
    EXPECT_EQ(seen.cursor_column(), 0u);
    seen.write(tested.wipe(size));
    seen.write("after\r\n");
    EXPECT_THAT(seen.lines(), ElementsAre("before 1", "before 2", "after"));
}

TEST(redraw, a_terminal_that_became_narrower_and_broke_the_lines_is_left_clean) {
    redraw tested;
    testing::screen seen(12, 9);
    seen.write("before\r\n");
    const auto show = [&](const std::vector<std::string>& lines, terminal_size size) {
        seen.write(through_line_discipline(tested.show(picture(lines), size)));
    };
    show({"0123456789", "short", "0123456789a"}, {12, 9});
    seen.become(5, 9);
    show({"0123", "new"}, {5, 9});
    EXPECT_THAT(seen.lines(), ElementsAre("befor", "e", "0123", "new"));
    seen.become(12, 9);
    show({"0123456789"}, {12, 9});
    EXPECT_THAT(seen.lines(), ElementsAre("befor", "e", "0123456789"));
}

} // namespace
} // namespace beastmark::loadgen
