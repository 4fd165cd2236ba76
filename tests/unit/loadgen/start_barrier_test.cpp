#include "loadgen/start_barrier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using kind = join_answer::kind;

constexpr steady_time t0{100s};

join_request shard(std::uint64_t index, std::string who = {}, std::uint64_t of = 3) {
    return {index, of, who.empty() ? "process " + std::to_string(index) : who, "pod-" + std::to_string(index),
            json{{"name", "it"}}};
}

start_barrier of_three() {
    return {json{{"name", "it"}}, 3, t0 + 60s};
}

TEST(start_barrier, all_get_one_start_when_the_last_has_joined) {
    auto barrier = of_three();
    EXPECT_EQ(barrier.join(shard(2), t0).is, kind::wait);
    EXPECT_FALSE(barrier.start());
    const auto last = barrier.join(shard(1), t0 + 1s);
    ASSERT_EQ(last.is, kind::start);
    EXPECT_EQ(last.start, t0 + 1s + start_barrier::lead);
    const auto first = barrier.join(shard(2), t0 + 1200ms);
    ASSERT_EQ(first.is, kind::start);
    EXPECT_EQ(first.start, last.start);
    EXPECT_EQ(barrier.start(), last.start);
    EXPECT_EQ(barrier.present(), 3U);
}

TEST(start_barrier, one_shard_alone_starts) {
    start_barrier barrier({}, 1, t0 + 60s);
    barrier.tick(t0);
    EXPECT_EQ(barrier.start(), t0 + start_barrier::lead);
}

TEST(start_barrier, at_the_deadline_it_starts_without_who_is_not_there) {
    auto barrier = of_three();
    barrier.join(shard(1), t0 + 59s);
    barrier.tick(t0 + 59999ms);
    EXPECT_FALSE(barrier.start());
    barrier.tick(t0 + 60s);
    EXPECT_EQ(barrier.start(), t0 + 60s + start_barrier::lead);
    EXPECT_THAT(barrier.missing(), ElementsAre(2));
    EXPECT_EQ(barrier.join(shard(1), t0 + 60100ms).is, kind::start);
    const auto late = barrier.join(shard(2), t0 + 60200ms);
    EXPECT_EQ(late.is, kind::too_late);
    EXPECT_THAT(late.why, HasSubstr("shard 2 comes too late"));
}

TEST(start_barrier, who_falls_silent_is_not_waited_for_and_its_place_is_free) {
    auto barrier = of_three();
    barrier.join(shard(1), t0);
    EXPECT_EQ(barrier.join(shard(2), t0 + 3100ms).is, kind::wait) << "shard 1 has died";
    EXPECT_THAT(barrier.missing(), ElementsAre(1));
    EXPECT_EQ(barrier.join(shard(1, "another process"), t0 + 3200ms).is, kind::start);
    EXPECT_TRUE(barrier.is_member(1, "another process"));
    EXPECT_FALSE(barrier.is_member(1, "process 1"));
}

TEST(start_barrier, asking_again_is_no_second_shard) {
    auto barrier = of_three();
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(barrier.join(shard(1), t0 + i * 200ms).is, kind::wait);
    EXPECT_EQ(barrier.present(), 2U);
}

TEST(start_barrier, a_second_shard_of_an_index_is_refused) {
    auto barrier = of_three();
    barrier.join(shard(1), t0);
    const auto second = barrier.join(shard(1, "other"), t0 + 1s);
    EXPECT_EQ(second.is, kind::refused);
    EXPECT_THAT(second.why, HasSubstr("shard 1 is there already, from pod-1"));
    EXPECT_EQ(barrier.join(shard(2), t0 + 1s).is, kind::start);
    EXPECT_EQ(barrier.join(shard(1, "other"), t0 + 2s).is, kind::refused) << "after the start, too";
}

TEST(start_barrier, what_does_not_belong_is_refused) {
    auto barrier = of_three();
    EXPECT_THAT(barrier.join(shard(1, "a", 4), t0).why, HasSubstr("shard 1/4 of a test of 3 shards"));
    EXPECT_THAT(barrier.join(shard(0), t0).why, HasSubstr("no shard 0 to join: they are 1 to 2"));
    EXPECT_THAT(barrier.join(shard(3), t0).why, HasSubstr("no shard 3"));
    auto other = shard(1);
    other.test["name"] = "that";
    EXPECT_THAT(barrier.join(other, t0).why,
                HasSubstr(R"(another test than shard 0: name is "it" and "that")"));
    EXPECT_EQ(barrier.present(), 1U);
}

TEST(start_barrier, a_join_is_read_as_it_was_written_and_nothing_else_is_one) {
    const auto read = parse_join(to_json(shard(2)).dump());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->index, 2U);
    EXPECT_EQ(read->of, 3U);
    EXPECT_EQ(read->who, "process 2");
    EXPECT_EQ(read->test, json({{"name", "it"}}));
    for (const std::string text :
         {"", "[]", "null", "{", R"({"index":1})", R"({"index":-1,"of":3,"who":"a","host":"h","test":{}})",
          R"({"index":1,"of":3,"who":"","host":"h","test":{}})",
          R"({"index":1,"of":3,"who":5,"host":"h","test":{}})",
          R"({"index":"1","of":3,"who":"a","host":"h","test":{}})",
          R"({"index":1,"of":3,"who":"a","host":"h"})"})
        EXPECT_FALSE(parse_join(text)) << text;
    const std::string deep(30'000, '[');
    EXPECT_FALSE(parse_join(R"({"index":1,"of":3,"who":"a","host":"h","test":)" + deep +
                            std::string(30'000, ']') + "}"));
    auto long_name = shard(1, std::string(1000, 'x'));
    EXPECT_FALSE(parse_join(to_json(long_name).dump()));
}

// The other clock is `ahead`, and the way there and back take their time.
clock_sample exchange(steady_time sent, std::chrono::nanoseconds there, std::chrono::nanoseconds back,
                      std::chrono::nanoseconds ahead, std::optional<steady_time> start = {}) {
    const std::chrono::system_clock::time_point epoch{};
    clock_sample s{.sent = sent, .received = sent + there + back};
    s.wall = epoch + s.received.time_since_epoch();
    s.others = epoch + (sent + there).time_since_epoch() + ahead;
    if (start)
        s.start_in = *start - (sent + there);
    return s;
}

TEST(clock_estimate, a_symmetric_way_gives_the_skew_and_the_start_exactly) {
    clock_estimate e;
    e.add(exchange(t0, 4ms, 4ms, 250ms, t0 + 2s));
    EXPECT_EQ(e.skew(), -250ms);
    EXPECT_EQ(e.skew_error(), 4ms);
    EXPECT_EQ(e.start(), t0 + 2s);
}

TEST(clock_estimate, is_wrong_by_half_of_the_shortest_round_trip_at_most) {
    clock_estimate e;
    e.add(exchange(t0, 100ms, 0ms, 0ms, t0 + 2s));
    e.add(exchange(t0 + 200ms, 1ms, 3ms, 0ms, t0 + 2s));
    e.add(exchange(t0 + 400ms, 0ms, 80ms, 0ms, t0 + 2s));
    EXPECT_EQ(e.skew_error(), 2ms);
    EXPECT_LE(abs(e.skew()), e.skew_error());
    ASSERT_TRUE(e.start());
    EXPECT_LE(abs(*e.start() - (t0 + 2s)), 2ms);
}

TEST(clock_estimate, the_start_is_not_known_before_it_was_told) {
    clock_estimate e;
    e.add(exchange(t0, 1ms, 1ms, 0ms));
    EXPECT_FALSE(e.start());
    e.add(exchange(t0 + 1s, 5ms, 5ms, 0ms, t0 + 3s)); // a longer trip, but the first that tells
    EXPECT_EQ(e.start(), t0 + 3s);
    EXPECT_EQ(e.skew_error(), 1ms);
}

} // namespace
} // namespace beastmark::loadgen
