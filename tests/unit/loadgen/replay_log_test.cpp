#include "loadgen/make_requests.hpp"
#include "loadgen/replay_log.hpp"
#include "loadgen/schedule.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

replay_log read(const std::vector<std::string>& lines, double speed = 1) {
    replay_reader reader("a.log");
    for (const auto& l : lines)
        reader.line(l);
    return reader.finish(speed);
}

std::string refusal(const std::vector<std::string>& lines, double speed = 1) {
    try {
        read(lines, speed);
        return "taken";
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
}

std::string at(const std::string& ts, const std::string& path = "/") {
    return R"({"ts": )" + ts + R"(, "path": ")" + path + "\"}";
}

std::string at_second(int second, const std::string& path) {
    return "h - - [31/Jan/2026:10:00:0" + std::to_string(second) + " +0000] \"GET " + path +
           " HTTP/1.1\" 200 1";
}

TEST(replay_log, requests_are_due_as_long_after_the_first_as_in_the_log) {
    const auto log = read({at("100.5", "/a"), at("100.75", "/b"), at("102.5", "/a")});
    EXPECT_THAT(*log.due, ElementsAre(0ns, 250ms, 2s));
    EXPECT_THAT(*log.which, ElementsAre(0u, 1u, 0u));
    ASSERT_EQ(log.requests.size(), 2u) << "each once";
    EXPECT_EQ(log.requests[1].path, "/b");
    EXPECT_EQ(log.duration, 3s) << "the last one has its share of the time, too";
    EXPECT_DOUBLE_EQ(log.mean_rps(), 1);
    EXPECT_THAT(log.due_each_second, ElementsAre(2u, 0u, 1u));
    EXPECT_EQ(log.note(), "");
}

TEST(replay_log, a_speed_scales_the_times) {
    EXPECT_THAT(*read({at("1"), at("2"), at("5")}, 2).due, ElementsAre(0ns, 500ms, 2s));
    EXPECT_THAT(*read({at("1"), at("2")}, 0.5).due, ElementsAre(0ns, 2s));
}

TEST(replay_log, lines_of_one_second_are_spread_evenly_over_it) {
    const auto log = read({at_second(1, "/a"), at_second(2, "/b"), at_second(2, "/c"), at_second(2, "/d"),
                           at_second(2, "/e"), at_second(3, "/f")});
    EXPECT_THAT(*log.due, ElementsAre(0ns, 1s, 1250ms, 1500ms, 1750ms, 2s));
    EXPECT_THAT(*log.which, ElementsAre(0u, 1u, 2u, 3u, 4u, 5u)) << "in the order of the log";
}

TEST(replay_log, lines_of_one_second_belong_together_wherever_they_stand) {
    const auto log = read({at_second(1, "/b"), at_second(0, "/a"), at_second(1, "/c")});
    EXPECT_THAT(*log.due, ElementsAre(0ns, 1s, 1500ms));
    EXPECT_THAT(*log.which, ElementsAre(1u, 0u, 2u));
}

TEST(replay_log, a_line_with_an_exact_time_goes_between_those_of_its_second) {
    const auto log = read({at_second(0, "/a"), at_second(0, "/b"), "1769853600.250 " + at_second(0, "/c")});
    EXPECT_THAT(*log.due, ElementsAre(0ns, 250ms, 500ms));
    EXPECT_THAT(*log.which, ElementsAre(0u, 2u, 1u));
}

TEST(replay_log, lines_out_of_order_are_sorted_and_counted) {
    const auto log = read({at("3", "/c"), at("1", "/a"), at("2", "/b"), at("4", "/d")});
    EXPECT_THAT(*log.due, ElementsAre(0ns, 1s, 2s, 3s));
    EXPECT_THAT(*log.which, ElementsAre(1u, 2u, 0u, 3u));
    EXPECT_EQ(log.reordered, 2u);
    EXPECT_THAT(log.note(), HasSubstr("a.log: 2 were written after a later one"));
}

TEST(replay_log, lines_that_are_no_requests_are_counted_and_most_of_them_refused) {
    const auto log = read({at("1"), "", "what?", at("2"), "\r"});
    EXPECT_EQ(log.lines, 3u);
    EXPECT_EQ(log.skipped, 1u);
    EXPECT_EQ(log.due->size(), 2u);
    EXPECT_EQ(log.note(),
              "--replay a.log: 1 of 3 lines are no requests and left out, the first is line 3: there is "
              "no [time]");
    EXPECT_THAT(refusal({at("1"), "what?", "what?"}),
                HasSubstr("2 of 3 lines are no requests, the first is line 2"));
    EXPECT_THAT(refusal({}), HasSubstr("a.log: it is empty"));
}

TEST(replay_log, what_differs_in_method_or_body_is_another_request) {
    const auto log = read({R"({"ts": 1, "path": "/a", "body": "x\ny z"})", R"({"ts": 1, "path": "/a"})",
                           R"({"ts": 1, "path": "/a", "method": "PUT", "body": "x\ny z"})"});
    ASSERT_EQ(log.requests.size(), 3u);
    EXPECT_EQ(log.requests[0].method, "POST");
    EXPECT_EQ(log.requests[0].body, "x\ny z");
    EXPECT_EQ(log.requests[2].method, "PUT");
    EXPECT_EQ(log.duration, 1s) << "all at once";
}

TEST(replay_log, limits_are_told) {
    replay_reader few("a.log", {.requests = 2});
    few.line(at("1"));
    few.line(at("2"));
    EXPECT_THROW(few.line(at("3")), std::invalid_argument);
    replay_reader alike("a.log", {.distinct = 1});
    alike.line(at("1", "/a"));
    alike.line(at("2", "/a"));
    EXPECT_THROW(alike.line(at("3", "/b")), std::invalid_argument);
    replay_reader small("a.log", {.distinct_bytes = 100});
    small.line(at("1", "/a"));
    EXPECT_THROW(small.line(at("2", "/" + std::string(100, 'b'))), std::invalid_argument);
    EXPECT_THAT(refusal({at("1"), at("4000000000")}), HasSubstr("above the limit of 744h"));
    EXPECT_EQ(refusal({at("1"), at("4000000000")}, 1e5), "taken");
}

TEST(replay_log, a_file_is_read_to_a_last_line_without_an_end) {
    const testing::temporary_directory folder;
    const auto path = (folder.path() / "a.log").string();
    std::ofstream(path) << at("1") << "\r\n\n" << std::string(2'000'000, 'x') << '\n' << at("2", "/last");
    const auto log = read_replay(path, 1);
    EXPECT_EQ(log.lines, 3u);
    EXPECT_EQ(log.skipped, 1u);
    EXPECT_EQ(log.first_skipped, "line 3: it is longer than a megabyte");
    EXPECT_EQ(log.requests.back().path, "/last");
    EXPECT_THROW(read_replay("/no/such", 1), std::runtime_error);
    EXPECT_THROW(read_replay(folder.path().string(), 1), std::runtime_error);
}

TEST(replay_log, is_sent_as_it_is_below_the_path_of_the_url) {
    run_options options;
    options.headers = {"X-A: {{seq}}"};
    options.replay = std::make_shared<const replay_log>(
        read({R"({"ts": 1, "path": "/{{nope}}", "body": "{{none}}"})", at("2", "/b?c")}));
    auto files = pick_files(options);
    const auto set = make_requests(options, url::parse("http://h/api"), files);
    std::string bytes(set.max_size(), '?');
    bytes.resize(set.of(0).render(bytes.data(), 1, 0));
    EXPECT_THAT(bytes, HasSubstr("POST /api/{{nope}} HTTP/1.1\r\n"));
    EXPECT_THAT(bytes, HasSubstr("X-A: 0\r\n"));
    EXPECT_TRUE(bytes.ends_with("\r\n\r\n{{none}}")) << bytes;
}

schedule of(std::vector<nanoseconds> due, nanoseconds end) {
    return {std::make_shared<const std::vector<nanoseconds>>(std::move(due)), end};
}

TEST(replay_schedule, arrivals_are_due_when_they_are_told) {
    const std::vector<nanoseconds> due{0ns, 5ms, 5ms, 1s, 2500ms};
    const auto s = of(due, 4s);
    EXPECT_EQ(s.size(), 5u);
    EXPECT_EQ(s.duration(), 4s);
    EXPECT_EQ(s.arrivals(), arrival_kind::replay);
    EXPECT_FALSE(s.closed_loop());
    ASSERT_EQ(s.segments().size(), 1u);
    EXPECT_EQ(s.segments()[0].kind, segment_kind::replay);
    EXPECT_DOUBLE_EQ(s.segments()[0].from_rps, 1.25);
    EXPECT_EQ(s.segments()[0].from_rps, s.segments()[0].to_rps);
    for (std::uint64_t i = 0; i < due.size(); ++i) {
        EXPECT_EQ(s.time_of(i), due[i]);
        EXPECT_EQ(s.segment_of(i), 0u);
    }
    for (const auto& [t, before] : std::vector<std::pair<nanoseconds, std::uint64_t>>{
             {-1ns, 0}, {0ns, 0}, {1ns, 1}, {5ms, 1}, {5ms + 1ns, 3}, {1s, 3}, {3s, 5}, {4s, 5}, {5s, 5}})
        EXPECT_EQ(s.arrivals_before(t), before) << t.count();
    EXPECT_THROW(of({}, 1s), std::invalid_argument);
}

TEST(replay_schedule, the_union_of_all_stripes_is_the_schedule) {
    std::vector<nanoseconds> due;
    for (int i = 0; i < 100; ++i)
        due.emplace_back(i * i * 1ms);
    const auto s = of(due, 20s);
    std::vector<nanoseconds> seen(due.size(), -1ns);
    for (std::uint64_t index = 0; index < 3; ++index)
        for (stripe one(s, index, 3); !one.done(); one.advance())
            seen[one.arrival()] = one.time();
    EXPECT_EQ(seen, due);
}

} // namespace
} // namespace beastmark::loadgen
