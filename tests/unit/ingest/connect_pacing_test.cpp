#include "ingest/memcached/client.hpp"
#include "ingest/postgres/connect_pacing.hpp"
#include "ingest/postgres/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace beastmark::postgres;

class pacing : public ::testing::Test {
protected:
    // Begins what may begin.
    std::size_t begin() {
        std::size_t begun = 0;
        for (; tested.may_begin(now); ++begun)
            tested.began(now);
        return begun;
    }

    void succeed(std::size_t n) {
        for (; n > 0; --n)
            tested.succeeded(now);
    }

    void fail(std::size_t n, bool full = false) {
        for (; n > 0; --n)
            tested.failed(now, full);
    }

    auto wait() const { return tested.not_before() - now; }

    connect_pacing::time_point now = connect_pacing::time_point{} + 1h;
    std::atomic<bool> place_wanted{false};
    connect_pacing tested{pacing_options{.place_wanted = &place_wanted}, 1};
    connect_pacing another{pacing_options{.place_wanted = &place_wanted}, 2};
};

TEST_F(pacing, as_many_as_are_up_and_one_more_up_to_the_bound) {
    for (const std::size_t attempts : {1, 2, 4, 8, 16, 16, 16}) {
        EXPECT_EQ(begin(), attempts);
        succeed(attempts);
    }
    EXPECT_EQ(tested.connected(), 63);
}

TEST_F(pacing, a_server_that_is_away_is_tried_by_one_at_a_time_after_a_wait) {
    for (const auto whole : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms}) {
        EXPECT_EQ(begin(), 1);
        fail(1);
        EXPECT_EQ(begin(), 0);
        EXPECT_GE(wait(), whole / 2);
        EXPECT_LE(wait(), whole);
        now = tested.not_before();
    }
}

TEST_F(pacing, a_silent_attempt_does_not_hold_up_the_next_one_while_none_is_up) {
    EXPECT_EQ(begin(), 1);
    EXPECT_EQ(tested.next_turn(), now + 500ms);
    now += 500ms;
    EXPECT_EQ(begin(), 1);
    now += 499ms;
    EXPECT_EQ(begin(), 0);
    succeed(1);
    EXPECT_EQ(begin(), 1); // the first is still silent: two at once, as one is up
    now += 1h;
    EXPECT_EQ(begin(), 0);
    EXPECT_EQ(tested.next_turn(), connect_pacing::time_point::max());
}

TEST_F(pacing, neither_backend_is_waited_for_longer_than_half_a_second) {
    EXPECT_EQ(pool_options{}.pacing.retry_cap, 500ms);
    EXPECT_EQ(beastmark::memcached::client_options{}.retry_cap, 500ms);
}

TEST_F(pacing, those_lost_together_count_once) {
    for (int i = 0; i < 5; ++i)
        succeed(begin());
    now += 1min;
    for (int i = 0; i < 31; ++i)
        tested.lost(now);
    EXPECT_LE(wait(), 50ms);
    now = tested.not_before();
    EXPECT_EQ(begin(), 1);
}

TEST_F(pacing, without_room_for_more_one_tries_again_seldom) {
    for (int i = 0; i < 4; ++i)
        succeed(begin());
    EXPECT_EQ(begin(), 16);
    succeed(2);
    fail(14, true);
    for (int i = 0; i < 10; ++i) {
        EXPECT_GE(wait(), 5s);
        EXPECT_LE(wait(), 10s);
        now = tested.not_before() - 1ms;
        EXPECT_EQ(begin(), 0);
        now += 1ms;
        EXPECT_EQ(begin(), 1);
        fail(1, true);
    }
    now = tested.not_before();
    EXPECT_EQ(begin(), 1);
    succeed(1); // there is room now
    EXPECT_EQ(begin(), 16);
}

TEST_F(pacing, the_place_of_one_that_was_lost_is_asked_for_soon) {
    for (int i = 0; i < 4; ++i)
        succeed(begin());
    begin();
    fail(16, true);
    now += 1s;
    tested.lost(now);
    EXPECT_LE(wait(), 50ms);
    now = tested.not_before();
    EXPECT_EQ(begin(), 1);
    fail(1, true);
    EXPECT_GE(wait(), 5s);
}

TEST_F(pacing, a_pool_with_several_gives_one_up_to_one_that_has_none) {
    for (int i = 0; i < 2; ++i)
        succeed(begin());
    EXPECT_FALSE(tested.answer_wanted(now)) << "nobody has asked";
    for (int i = 0; i < 2; ++i) { // the second time: another server's client was faster
        another.began(now);
        another.failed(now, true);
        EXPECT_TRUE(tested.answer_wanted(now));
        EXPECT_FALSE(tested.answer_wanted(now)) << "one for each time";
        tested.gave_up(now);
        EXPECT_GE(wait(), 5s) << "it takes the place itself";
        EXPECT_LE(another.not_before() - now, 100ms);
        now += 500ms;
    }
    EXPECT_EQ(tested.connected(), 1);
    another.began(now);
    another.failed(now, true);
    EXPECT_FALSE(tested.answer_wanted(now)) << "its only one";
    another.began(now);
    another.succeeded(now);
    succeed(1);
    EXPECT_FALSE(tested.answer_wanted(now)) << "it has one meanwhile";
}

TEST_F(pacing, a_place_that_is_asked_for_again_while_it_is_on_its_way_is_given_once) {
    for (int i = 0; i < 2; ++i)
        succeed(begin());
    const auto is_asked = [&] {
        another.began(now);
        another.failed(now, true);
        return tested.answer_wanted(now);
    };
    EXPECT_TRUE(is_asked());
    now += 10s; // its statements take their time
    EXPECT_FALSE(is_asked());
    tested.gave_up(now);
    now += 499ms; // and the server takes its own to end it
    EXPECT_FALSE(is_asked());
    now += 1ms;
    EXPECT_TRUE(is_asked()) << "who asks still has none";
    tested.lost(now); // before its statements were answered
    now = tested.not_before();
    succeed(begin());
    succeed(begin());
    EXPECT_GT(tested.connected(), 1);
    EXPECT_FALSE(is_asked());
    now += 500ms;
    EXPECT_TRUE(is_asked());
}

TEST_F(pacing, nothing_is_asked_for_while_one_is_up_or_for_another_failure) {
    for (int i = 0; i < 2; ++i)
        succeed(begin());
    another.began(now);
    another.failed(now, false);
    another.began(now);
    another.succeeded(now);
    another.began(now);
    another.failed(now, true);
    EXPECT_FALSE(tested.answer_wanted(now));
}

TEST_F(pacing, without_room_for_a_single_one_it_is_tried_as_if_the_server_were_away) {
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(begin(), 1);
        fail(1, true);
        EXPECT_LE(wait(), 500ms);
        now = tested.not_before();
    }
    EXPECT_EQ(begin(), 1);
    succeed(1);
    EXPECT_EQ(begin(), 2);
}

} // namespace
