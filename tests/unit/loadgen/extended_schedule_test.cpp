// A schedule that grows while a dispatcher works through it.
#include "loadgen/dispatcher.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

stage hold(run_time duration, double rate) {
    return {stage_kind::hold, duration, rate, rate, 1};
}

schedule of(const std::vector<stage>& stages, arrival_kind kind = arrival_kind::uniform) {
    return schedule(stages, {kind, 1});
}

TEST(extended_schedule, arrivals_go_on_with_the_stage_that_was_added) {
    for (const auto kind : {arrival_kind::uniform, arrival_kind::poisson}) {
        const auto before = of({hold(1s, 20), hold(10s, 0)}, kind);
        const auto after = of({hold(1s, 20), hold(2s, 0), hold(1s, 40), hold(10s, 0)}, kind);
        stripe s(before, 1, 3);
        while (!s.done())
            s.advance();
        s.extend(after);
        ASSERT_FALSE(s.done());
        for (stripe whole(after, 1, 3); !whole.done(); whole.advance()) {
            if (whole.time() < 3s)
                continue;
            ASSERT_FALSE(s.done());
            EXPECT_EQ(s.arrival(), whole.arrival());
            EXPECT_EQ(s.time(), whole.time());
            EXPECT_EQ(s.segment_index(), 2u);
            s.advance();
        }
        EXPECT_TRUE(s.done());
    }
}

TEST(extended_schedule, what_waits_for_a_connection_is_given_up_and_what_is_in_flight_goes_on) {
    const auto before = of({hold(1s, 3), hold(10s, 0)});
    const auto after = of({hold(1s, 3), hold(1s, 0), hold(1s, 2), hold(10s, 0)});
    dispatcher d(before, {.connections = 1, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    EXPECT_FALSE(d.next(1s));
    EXPECT_EQ(d.waiting(1s), 2u);
    d.extend(after, 1500ms);
    EXPECT_EQ(d.waiting(1500ms), 0u);
    EXPECT_EQ(d.in_flight(), 1u);
    d.answered(0, 1600ms, 200, true);
    EXPECT_FALSE(d.next(1999ms));
    const auto next = d.next(2s);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->arrival, 3u);
    d.answered(0, 2100ms, 200, true);
    ASSERT_TRUE(d.next(2500ms));
    d.answered(0, 2600ms, 200, true);
    EXPECT_TRUE(d.finished());
    const auto counted = d.roll(run_time::max(), std::make_unique<interval>());
    tally sum;
    for (std::size_t i = 0; i < counted->size(); ++i)
        sum.merge((*counted)[i].counts);
    EXPECT_EQ(sum.offered, 5u);
    EXPECT_EQ(sum.of(outcome::ok), 3u);
    EXPECT_EQ(sum.of(outcome::unfinished), 2u);
    EXPECT_DOUBLE_EQ(*sum.availability(), 0.6); // given up is not served
}

} // namespace
} // namespace beastmark::loadgen
