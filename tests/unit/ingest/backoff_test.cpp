#include "ingest/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace std::chrono_literals;
using beastmark::ingest::backoff;

TEST(backoff, doubles_up_to_its_cap_and_takes_off_at_most_half) {
    for (std::uint32_t seed = 1; seed < 200; ++seed) {
        backoff tested(50ms, 1000ms, seed);
        for (const auto whole : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
            const auto wait = tested.next();
            EXPECT_GE(wait, whole / 2);
            EXPECT_LE(wait, whole);
        }
        tested.reset();
        EXPECT_LE(tested.next(), 50ms);
    }
}

TEST(backoff, those_lost_together_do_not_come_back_together) {
    std::set<std::chrono::milliseconds> waits;
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        backoff tested(1000ms, 1000ms, seed * 7919);
        waits.insert(tested.next());
    }
    EXPECT_GT(waits.size(), 25);
}

} // namespace
