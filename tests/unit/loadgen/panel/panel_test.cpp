// Frames of made-up runs, as they are seen.
#include "loadgen/panel/panel.hpp"
#include "loadgen/progress.hpp"
#include "tests/unit/loadgen/ramp_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr panel_style plain{.colour = false, .utf8 = true};

struct second_told {
    std::uint64_t ok = 1000;
    std::uint64_t status_503 = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t waiting = 0;
};

void tell(target_record& target, std::size_t second, std::size_t stage, const second_told& told) {
    report_block b;
    b.row = second;
    b.ends = std::chrono::seconds(second + 1);
    b.in_flight = 12;
    b.connections = 64;
    b.waiting = told.waiting;
    b.counts = std::make_unique<interval>();
    auto& s = b.counts->of(stage);
    const auto all = told.ok + told.status_503 + told.timeouts;
    s.counts.offered = s.counts.sent = all;
    s.counts.completed = told.ok + told.status_503;
    s.counts.add(outcome::ok, told.ok);
    s.counts.add(outcome::http_5xx, told.status_503);
    s.counts.add(outcome::timeout, told.timeouts);
    for (auto* const times : {&s.times.response, &s.times.service}) {
        times->record_n(2ms * (second + 1), told.ok - told.ok / 50);
        times->record_n(30ms, told.ok / 50);
        times->record_n(1s, told.timeouts);
    }
    s.times.generator_lag.record_n(10us, all);
    target.take(machine_evidence{});
    target.take(b);
}

// Two stages, of 4 s at 1000/s and from there to 2000/s in 6 s, of which these seconds are over.
run_record under_way(const std::vector<second_told>& seconds, const std::vector<std::string>& names = {"a"}) {
    run_record record{
        .what = plan{.arrivals = schedule(std::vector<stage>{{stage_kind::hold, 4s, 1000, 1000, 1},
                                                             {stage_kind::linear, 6s, 1000, 2000, 1}}),
                     .targets = {}}};
    record.duration = record.what.arrivals.duration();
    for (const auto& name : names) {
        record.what.targets.push_back(made_up_target(name));
        auto& t = record.targets.emplace_back(record.what.arrivals, 1);
        for (std::size_t i = 0; i < seconds.size(); ++i)
            tell(t, i, i < 4 ? 0 : 1, seconds[i]);
    }
    return record;
}

std::vector<std::string> frame(const run_record& record, run_time now, terminal_size size,
                               const panel_style& style = plain) {
    panel tested(style);
    std::vector<std::string> lines;
    for (const auto& line : tested.frame(record, now, size)) {
        if (!style.colour) {
            EXPECT_EQ(line.columns, columns_of(line.text));
        }
        EXPECT_LT(line.columns, size.columns);
        lines.push_back(line.text);
    }
    EXPECT_TRUE(lines.size() < size.rows || lines.size() == 1) << lines.size();
    return lines;
}

TEST(panel, shows_all_on_an_ordinary_terminal) {
    const auto record = under_way({{},
                                   {},
                                   {},
                                   {.ok = 990, .status_503 = 10},
                                   {.ok = 900, .status_503 = 50, .timeouts = 150, .waiting = 3}});
    EXPECT_THAT(
        frame(record, 7250ms, {80, 24}),
        ElementsAre("0:07.2  stage 2/2  asked 1542/s  █████████████████████████▍░░░░░░░░░  left 0:03",
                    "second to 0:05  server-saturated: 18 % of the requests failed (200 of 1100, ...",
                    "rate      offered 1100/s  ok 900/s  in flight 12  waiting 3  connections 64",
                    "response  p50 10.0 ms  p90 1.00 s+  p99 1.00 s+  p99.9 1.00 s+  max 1.00 s+",
                    "failed    200/s  so far 210 (4.1 %)  timeout 150  http_5xx 60",
                    "lag       generator p99 10.0 us  max 10.0 us  wait for connection p99 0.00 us",
                    "ok/s                                              █████  up to 1000/s in 5 s",
                    "p99                                               ▁▁▁▁█  up to 1.00 s in 5 s",
                    "so far    VALID: 5 of 5 s to be believed; the service was saturated in 1 s o..."));
}

TEST(panel, a_narrow_terminal_keeps_what_matters_most) {
    const auto record = under_way({{},
                                   {},
                                   {},
                                   {.ok = 990, .status_503 = 10},
                                   {.ok = 900, .status_503 = 50, .timeouts = 150, .waiting = 3}});
    EXPECT_THAT(frame(record, 7250ms, {40, 10}),
                ElementsAre("0:07.2  stage 2/2  ██████▌░░  left 0:03",
                            "second to 0:05  server-saturated: 18...", "rate      offered 1100/s  ok 900/s",
                            "response  p50 10.0 ms  p99 1.00 s+", "failed    200/s  so far 210 (4.1 %)",
                            "lag       generator p99 10.0 us", "ok/s                              █████",
                            "p99                               ▁▁▁▁█",
                            "so far    VALID: 5 of 5 s to be beli..."));
}

TEST(panel, is_no_wider_than_what_loadgen_prints) {
    const auto record = under_way(std::vector<second_told>(9));
    EXPECT_THAT(
        frame(record, 9s, {120, 24}),
        ElementsAre(
            "0:09.0  stage 2/2  asked 1833/s  ████████████████████████████████████░░░░  left 0:01",
            "second to 0:09  valid",
            "rate      offered 1000/s  ok 1000/s  in flight 12  waiting 0  connections 64",
            "response  p50 18.0 ms  p90 18.0 ms  p99 30.0 ms  p99.9 30.0 ms  max 30.0 ms", "failed    none",
            "lag       generator p99 10.0 us  max 10.0 us  wait for connection p99 0.00 us",
            "ok/s                                                         █████████  up to 1000/s in 9 s",
            "p99                                                          █████████  up to 30.0 ms in 9 s",
            "so far    VALID: 9 of 9 s to be believed"));
    EXPECT_EQ(frame(record, 9s, {120, 24}), frame(record, 9s, {101, 24}));
}

TEST(panel, in_ascii_where_there_is_no_utf8) {
    const auto record = under_way({{}, {.ok = 500}, {}});
    const auto lines = frame(record, 3s, {60, 24}, {.colour = false, .utf8 = false});
    EXPECT_THAT(lines[0], HasSubstr("  ####...........  "));
    EXPECT_THAT(lines[6], HasSubstr(" @=@  up to 1000/s in 3 s"));
    for (const auto& line : lines)
        for (const unsigned char c : line)
            EXPECT_TRUE(c >= 0x20 && c < 0x7F) << line;
}

TEST(panel, failures_are_red_and_verdicts_have_the_colour_of_what_they_say) {
    const panel_style coloured{.colour = true, .utf8 = true};
    auto lines = frame(under_way({{}}), 1s, {80, 24}, coloured);
    EXPECT_THAT(lines[1], HasSubstr("\x1b[32mvalid"));
    EXPECT_THAT(lines[4], Not(HasSubstr("\x1b[31m")));
    EXPECT_THAT(lines[8], HasSubstr("\x1b[32mVALID"));
    lines = frame(under_way({{.ok = 900, .status_503 = 100}}), 1s, {80, 24}, coloured);
    EXPECT_THAT(lines[1], HasSubstr("\x1b[33mserver-saturated"));
    EXPECT_THAT(
        lines[4],
        HasSubstr("\x1b[31m100/s\x1b[0m  \x1b[31mso far 100 (10 %)\x1b[0m  \x1b[31mhttp_5xx 100\x1b[0m"));
    for (const auto& line : lines)
        EXPECT_TRUE(line.find('\x1b') == std::string::npos || line.rfind("\x1b[0m") == line.rfind('\x1b'))
            << line;
}

TEST(panel, what_is_not_to_be_believed_is_red) {
    auto record = under_way({});
    auto& target = record.targets.front();
    target.take(machine_evidence{.throttled_share = 0.5});
    report_block b;
    b.ends = 1s;
    b.counts = std::make_unique<interval>();
    auto& s = b.counts->of(0);
    s.counts.offered = s.counts.sent = 1000;
    s.counts.add(outcome::ok, 1000);
    s.times.response.record_n(300ms, 1000);
    s.times.service.record_n(1ms, 1000);
    s.times.generator_lag.record_n(299ms, 1000);
    target.take(b);
    const auto lines = frame(record, 1s, {80, 24}, {.colour = true, .utf8 = true});
    EXPECT_THAT(lines[1], HasSubstr("\x1b[31mgenerator-limited: the CPU quota"));
    EXPECT_THAT(lines[8], HasSubstr("\x1b[31mNOT TO BE BELIEVED: generator-limited in 1 of 1 s"));
}

TEST(panel, the_clock_and_the_bar_move_between_seconds_and_figures_do_not) {
    const auto record = under_way({{}, {}});
    const auto before = frame(record, 2100ms, {80, 24});
    const auto after = frame(record, 2200ms, {80, 24});
    EXPECT_THAT(before[0], StartsWith("0:02.1"));
    EXPECT_THAT(after[0], StartsWith("0:02.2"));
    EXPECT_NE(before[0].substr(6), after[0].substr(6)); // the bar
    EXPECT_THAT(after[1], StartsWith("second to 0:02  valid"));
    EXPECT_EQ(std::vector(before.begin() + 1, before.end()), std::vector(after.begin() + 1, after.end()));
}

TEST(panel, a_second_that_closes_and_another_size_are_seen_with_the_next_frame) {
    auto record = under_way({{}, {}});
    panel tested(plain);
    EXPECT_THAT(tested.frame(record, 2100ms, {80, 24})[1].text, StartsWith("second to 0:02"));
    tell(record.targets.front(), 2, 0, {});
    EXPECT_THAT(tested.frame(record, 3100ms, {80, 24})[1].text, StartsWith("second to 0:03"));
    EXPECT_EQ(tested.frame(record, 3200ms, {80, 24}).size(), 9u);
    EXPECT_EQ(tested.frame(record, 3300ms, {80, 9}).size(), 6u);
    EXPECT_EQ(tested.frame(record, 3400ms, {80, 3}).size(), 1u);
    EXPECT_EQ(tested.frame(record, 3500ms, {80, 24}).size(), 9u);
}

TEST(panel, before_the_first_second_has_closed_there_is_no_figure) {
    EXPECT_THAT(frame(under_way({}), 300ms, {80, 24}),
                ElementsAre("0:00.3  stage 1/2  asked 1000/s  █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  left 0:10",
                            "no whole second yet", "rate      64 connections", "response  no answer",
                            "failed    none", "lag       nothing was sent", StartsWith("ok/s  "),
                            StartsWith("p99  "), "so far    nothing is judged yet"));
}

TEST(panel, several_targets_are_below_each_other_while_there_is_room_for_all) {
    const auto record = under_way({{}, {}}, {"go", "cpp"});
    EXPECT_EQ(frame(record, 2s, {80, 18}).size(), 17u);
    const auto lines = frame(record, 2s, {80, 12});
    ASSERT_EQ(lines.size(), 11u);
    EXPECT_THAT(lines[1], StartsWith("go  second to 0:02  valid"));
    EXPECT_THAT(lines[6], StartsWith("cpp  second to 0:02  valid"));
    // Else they take turns.
    EXPECT_THAT(frame(record, 2s, {80, 11}), ElementsAre(HasSubstr("cpp")));
    EXPECT_THAT(frame(record, 4s, {80, 11}), ElementsAre(HasSubstr("go")));
}

TEST(panel, a_terminal_of_few_rows_or_columns_has_one_line) {
    const auto record = under_way({{}, {.ok = 900, .status_503 = 100}});
    EXPECT_THAT(
        frame(record, 2s, {80, 3}),
        ElementsAre(" 0:02  stage 1/2  offered 1000/s  ok 900/s  p99 30.0 ms  errors 100  in flig..."));
    EXPECT_THAT(frame(record, 2s, {20, 24}), ElementsAre(" 0:02  stage 1/2..."));
    EXPECT_THAT(frame(record, 2s, {80, 3}, {.colour = true}), ElementsAre(StartsWith("\x1b[31m")));
    EXPECT_THAT(frame(record, 2s, {1, 1}), ElementsAre(""));
}

TEST(panel, says_when_it_only_waits_for_answers) {
    const auto record = under_way(std::vector<second_told>(10));
    EXPECT_THAT(frame(record, 10100ms, {80, 24}).front(), HasSubstr("waits for answers"));
    auto interrupted = under_way({{}, {}});
    interrupted.duration = 2500ms;
    EXPECT_THAT(frame(interrupted, 2600ms, {80, 24}).front(), HasSubstr("waits for answers"));
}

TEST(panel, a_warm_up_is_not_judged) {
    auto record = under_way({});
    record.what.warmup = 4s;
    record.targets.clear();
    tell(record.targets.emplace_back(record.what.arrivals, 1, 4s), 0, 0, {.ok = 500, .status_503 = 500});
    const auto lines = frame(record, 1s, {80, 24});
    EXPECT_THAT(lines[0], HasSubstr("warm-up"));
    EXPECT_EQ(lines[4], "failed    500/s");
    EXPECT_EQ(lines[8], "so far    nothing is judged yet");
}

TEST(panel, a_closed_loop_says_that_it_understates) {
    run_record record{.what =
                          plan{.arrivals = schedule(std::vector<stage>{{stage_kind::closed, 10s, 0, 0, 1}}),
                               .targets = {made_up_target("a")}}};
    record.duration = 10s;
    tell(record.targets.emplace_back(record.what.arrivals, 1), 0, 0, {});
    const auto lines = frame(record, 1s, {80, 24});
    EXPECT_THAT(lines[0], HasSubstr("closed loop"));
    EXPECT_EQ(lines[5], "lag       closed loop: nothing is scheduled, response times understate");
}

TEST(panel, a_percentile_at_the_timeout_is_that_of_who_was_given_up_on) {
    const auto lines = frame(under_way({{.ok = 980, .timeouts = 20}}), 1s, {80, 24});
    EXPECT_THAT(lines[3], HasSubstr("p50 2.00 ms"));
    EXPECT_THAT(lines[3], HasSubstr("max 1.00 s+"));
}

TEST(panel, the_sparklines_show_the_last_minute) {
    auto record = under_way({});
    record.what.arrivals = schedule(std::vector<stage>{{stage_kind::hold, 100s, 1000, 1000, 1}});
    record.duration = 100s;
    record.targets.clear();
    auto& target = record.targets.emplace_back(record.what.arrivals, 1);
    for (std::size_t i = 0; i < 70; ++i)
        tell(target, i, 0, {.ok = i == 5 ? 9000U : 1000U}); // longer ago than a minute
    const auto lines = frame(record, 70s, {120, 24});
    EXPECT_THAT(lines[6], HasSubstr("up to 1000/s in 60 s"));
    EXPECT_THAT(frame(record, 70s, {60, 24})[6], HasSubstr("up to 1000/s in 25 s"));
}

TEST(progress_lines, each_second_has_its_own_also_where_two_came_at_once) {
    progress tested(true);
    auto record = under_way({{.ok = 1000}});
    ::testing::internal::CaptureStderr();
    tested.tick(record, 1s);
    tell(record.targets.front(), 1, 0, {.ok = 900});
    tell(record.targets.front(), 2, 0, {.ok = 800});
    tested.tick(record, 3s);
    tested.tick(record, 3100ms);
    const auto told = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(told, '\n'), 3) << told;
    EXPECT_THAT(told, HasSubstr(" 0:01  stage 1/2  offered 1000/s"));
    EXPECT_THAT(told, HasSubstr(" 0:02  stage 1/2  offered 900/s"));
    EXPECT_THAT(told, HasSubstr(" 0:03  stage 1/2  offered 800/s"));
}

} // namespace
} // namespace beastmark::loadgen
