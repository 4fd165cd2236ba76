// The live view of `loadgen run` on a terminal.
#include "fault_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/pseudo_terminal.hpp"
#include "tests/support/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string loadgen = BEASTMARK_BIN_DIR "/loadgen";

// Each fourth answer is a failure.
reply mostly_ok(const request_seen& request) {
    return {{answer(request.number % 4 == 3 ? 503 : 200)}};
}

// Whether or not the machine was quiet enough for its figures to be believed.
const auto ran = ::testing::AnyOf(0, 4);

struct run_on_terminal {
    run_on_terminal(std::vector<std::string> arguments, std::vector<std::string> environment,
                    std::size_t columns = 100, std::size_t rows = 30)
        : terminal(columns, rows) {
        arguments.insert(arguments.begin(), {loadgen, "run", "-R", "100", "-c", "4", server.url()});
        for (const auto* const name : {"NO_COLOR", "LC_CTYPE", "LANG"})
            environment.insert(environment.begin(), name); // removed, where not set again
        running = process(
            {.arguments = arguments, .environment = environment, .terminal = terminal.end_of_program()});
    }

    bool shows(std::string_view text) {
        return wait_until([&] { return terminal.text().find(text) != std::string::npos; });
    }

    // Its exit code, and all it wrote.
    std::pair<int, std::string> end() {
        EXPECT_TRUE(wait_until([&] {
            terminal.text();
            return !running.running();
        }));
        const auto code = running.stop().code;
        return {code, terminal.whole_text()};
    }

    fault_server server{mostly_ok};
    pseudo_terminal terminal;
    process running;
};

const std::vector<std::string> xterm{"TERM=xterm", "LC_ALL=C.UTF-8"};

// The columns of each line of a frame, the widest one's of each frame.
std::vector<std::size_t> widths_of_frames(const std::string& text) {
    std::vector<std::size_t> widest;
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.compare(i, 2, "\x1b[") == 0) {
            i = text.find_first_of("AKJm", i);
            if (text[i] == 'A') // to the top of the frame before
                widest.push_back(0);
        } else if (text[i] == '\r' || text[i] == '\n') {
            columns = 0;
        } else if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U && !widest.empty()) {
            widest.back() = std::max(widest.back(), ++columns);
        }
    }
    widest.pop_back(); // wiped; the summary follows
    return widest;
}

TEST(loadgen_panel, keeps_within_a_terminal_that_is_resized) {
    run_on_terminal load({"-d", "2500ms"}, xterm);
    ASSERT_TRUE(load.shows("second to 0:01")) << load.terminal.text();
    load.terminal.resize(60, 12);
    const auto [code, text] = load.end();
    EXPECT_THAT(code, ran);
    const auto widths = widths_of_frames(text);
    EXPECT_GE(widths.size(), 18u); // ten times a second: what came late was made up for
    EXPECT_THAT(widths, Each(::testing::Lt(100u)));
    const auto narrow = std::find_if(widths.begin(), widths.end(), [](std::size_t w) { return w < 60; });
    EXPECT_GE(narrow - widths.begin(), 5);
    EXPECT_GE(widths.end() - narrow, 5);
    EXPECT_THAT(std::vector(narrow, widths.end()), Each(::testing::Lt(60u)));
    EXPECT_THAT(text, HasSubstr("█"));
    EXPECT_THAT(text, HasSubstr("\x1b[31mhttp_5xx"));
}

TEST(loadgen_panel, ctrl_c_leaves_a_clean_screen) {
    run_on_terminal load({"-d", "60s"}, xterm);
    ASSERT_TRUE(load.shows("second to 0:01")) << load.terminal.text();
    load.terminal.type("\x03");
    const auto [code, text] = load.end();
    EXPECT_EQ(code, 130);
    screen seen(100, 30);
    seen.write(text);
    EXPECT_FALSE(seen.wrapped());
    const auto lines = seen.lines();
    ASSERT_GE(lines.size(), 4u);
    EXPECT_THAT(lines[0], HasSubstr("6000 requests over 1m on 4 connections"));
    EXPECT_THAT(lines[1], StartsWith("ending early"));
    EXPECT_EQ(lines[2], "");
    EXPECT_THAT(lines[3], HasSubstr(" on 4 connections, "));
    EXPECT_THAT(lines, Not(Contains(HasSubstr("second to"))));
    EXPECT_THAT(lines, Not(Contains(HasSubstr("^C"))));
    EXPECT_EQ(seen.cursor_column(), 0u);
}

TEST(loadgen_panel, has_no_colour_and_only_ascii_where_that_is_asked_for) {
    run_on_terminal load({"-d", "1200ms"}, {"TERM=xterm", "LC_ALL=C", "NO_COLOR=1"});
    const auto [code, text] = load.end();
    EXPECT_THAT(code, ran);
    EXPECT_THAT(text, HasSubstr("second to 0:01"));
    for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b', at + 1))
        EXPECT_NE(text[text.find_first_of("AKJm", at)], 'm');
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

class plain_run : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(plain_run, has_a_line_a_second_and_no_escapes) {
    std::vector<std::string> arguments{"-d", "1200ms"};
    if (const std::string flag = GetParam().first; !flag.empty())
        arguments.push_back(flag);
    run_on_terminal load(arguments, {GetParam().second, "LC_ALL=C.UTF-8"});
    const auto [code, text] = load.end();
    EXPECT_THAT(code, ran);
    EXPECT_THAT(text, HasSubstr(" 0:01  offered 100/s  ok "));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

INSTANTIATE_TEST_SUITE_P(by_flag_or_terminal, plain_run,
                         ::testing::Values(std::pair("--plain", "TERM=xterm"), std::pair("", "TERM=dumb")));

} // namespace
} // namespace beastmark::testing
