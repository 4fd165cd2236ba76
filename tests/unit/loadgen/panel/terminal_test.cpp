#include "loadgen/panel/terminal.hpp"
#include "tests/support/pseudo_terminal.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

std::optional<panel_style> style_with(const std::map<std::string, std::string>& environment) {
    return style_from([&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
    });
}

TEST(panel_style, a_terminal_that_cannot_go_back_has_no_panel) {
    EXPECT_FALSE(style_with({{"TERM", "dumb"}}));
    EXPECT_FALSE(style_with({{"TERM", ""}}));
    EXPECT_FALSE(style_with({}));
    EXPECT_TRUE(style_with({{"TERM", "linux"}}));
}

TEST(panel_style, no_color_takes_colours_away_unless_it_is_empty) {
    EXPECT_TRUE(style_with({{"TERM", "xterm"}})->colour);
    EXPECT_TRUE(style_with({{"TERM", "xterm"}, {"NO_COLOR", ""}})->colour);
    EXPECT_FALSE(style_with({{"TERM", "xterm"}, {"NO_COLOR", "0"}})->colour);
}

TEST(panel_style, the_first_variable_of_the_locale_that_is_set_decides_about_utf8) {
    const auto utf8 = [](std::map<std::string, std::string> environment) {
        environment["TERM"] = "xterm";
        return style_with(environment)->utf8;
    };
    EXPECT_TRUE(utf8({{"LANG", "de_DE.UTF-8"}}));
    EXPECT_TRUE(utf8({{"LANG", "C.utf8"}}));
    EXPECT_FALSE(utf8({{"LANG", "de_DE.UTF-8"}, {"LC_CTYPE", "C"}}));
    EXPECT_FALSE(utf8({{"LANG", "C.UTF-8"}, {"LC_CTYPE", "C.UTF-8"}, {"LC_ALL", "POSIX"}}));
    EXPECT_TRUE(utf8({{"LANG", "C"}, {"LC_ALL", "en_US.UTF-8"}}));
    EXPECT_TRUE(utf8({{"LANG", "C.UTF-8"}, {"LC_ALL", ""}}));
    EXPECT_FALSE(utf8({}));
}

TEST(terminal, its_size_is_asked_anew_each_time) {
    const testing::pseudo_terminal other_end(100, 30);
    const terminal tested(other_end.end_of_program());
    EXPECT_TRUE(tested.is_one());
    EXPECT_EQ(tested.size(), (terminal_size{100, 30}));
    other_end.resize(60, 12);
    EXPECT_EQ(tested.size(), (terminal_size{60, 12}));
    other_end.resize(0, 0); // a serial line does not know
    EXPECT_EQ(tested.size(), (terminal_size{80, 24}));
}

TEST(terminal, is_not_ready_while_ctrl_s_holds_it) {
    testing::pseudo_terminal other_end(80, 24);
    const terminal tested(other_end.end_of_program());
    EXPECT_TRUE(tested.ready());
    other_end.type("\x13");
    EXPECT_TRUE(testing::wait_until([&] { return !tested.ready(); }));
    other_end.type("\x11");
    EXPECT_TRUE(testing::wait_until([&] { return tested.ready(); }));
    tested.write("seen");
    EXPECT_TRUE(testing::wait_until([&] { return other_end.text() == "seen"; }));
}

TEST(terminal, a_file_is_none) {
    const auto file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const terminal tested(file);
    EXPECT_FALSE(tested.is_one());
    EXPECT_EQ(tested.size(), (terminal_size{80, 24}));
    ::close(file);
}

} // namespace
} // namespace beastmark::loadgen
