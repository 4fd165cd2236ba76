#include "ingest/backoff.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <set>

namespace {

using namespace std::chrono_literals;
using beastmark::ingest::backoff;

const backoff::clock::time_point start{};

TEST(backoff, doubles_up_to_its_cap_and_takes_off_at_most_half) {
    for (std::uint32_t seed = 1; seed < 200; ++seed) {
        backoff tested(50ms, 1000ms, seed);
        for (const auto whole : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
            const auto wait = tested.next(start);
            EXPECT_GE(wait, whole / 2);
            EXPECT_LE(wait, whole);
        }
        tested.up(start);
        EXPECT_LE(tested.next(start + 1s), 50ms);
    }
}

TEST(backoff, a_link_that_does_not_last_does_not_begin_anew) {
    backoff tested(50ms, 1000ms, 1);
    for (const auto whole : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms, 500ms}) {
        const auto wait = tested.next(start + 999ms);
        EXPECT_GE(wait, whole / 2);
        EXPECT_LE(wait, whole);
        tested.up(start);
    }
}

TEST(backoff, the_time_of_a_link_counts_once) {
    backoff tested(50ms, 1000ms, 1);
    tested.up(start);
    for (const auto whole : {50ms, 100ms, 200ms})
        EXPECT_GE(tested.next(start + 1h), whole / 2);
}

TEST(backoff, those_lost_together_do_not_come_back_together) {
    std::set<std::chrono::milliseconds> waits;
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        backoff tested(1000ms, 1000ms, seed * 7919);
        waits.insert(tested.next(start));
    }
    EXPECT_GT(waits.size(), 25);
}

} // namespace
