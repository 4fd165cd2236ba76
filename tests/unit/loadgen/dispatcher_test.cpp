#include "loadgen/dispatcher.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

schedule holding(run_time duration, double rate) {
    return schedule(std::vector<stage>{{stage_kind::hold, duration, rate, rate, 1}});
}

// Everything counted so far, over all stages.
struct counts {
    tally sum;
    latencies times;
    std::uint64_t ok_in_time = 0;

    void take(const interval& i) {
        for (std::size_t k = 0; k < i.size(); ++k) {
            sum.merge(i[k].counts);
            times.merge(i[k].times);
            ok_in_time += i[k].ok_in_time;
        }
    }
};

counts end_of(dispatcher& d, run_time now = 10s) {
    d.cut(now);
    counts c;
    c.take(*d.roll(run_time::max(), std::make_unique<interval>()));
    return c;
}

const boost::system::error_code refused = boost::asio::error::connection_refused;
const boost::system::error_code broken = boost::asio::error::connection_reset;

TEST(dispatcher, sends_what_is_due_and_not_before) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 2, .timeout = 1s, .expected_status = {}});
    EXPECT_FALSE(d.next(0ms)); // no connection
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    const auto first = d.next(0ms);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->arrival, 0u);
    EXPECT_FALSE(d.next(99ms));
    EXPECT_EQ(d.next_arrival(), 100ms);
    ASSERT_TRUE(d.next(100ms));
    EXPECT_EQ(d.next_arrival(), std::nullopt); // nothing is free: an answer will wake it
    EXPECT_EQ(d.in_flight(), 2u);
}

TEST(dispatcher, response_time_counts_from_the_schedule_and_service_time_from_the_send) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    // The first answer takes 250 ms; the arrivals of 100 and 200 ms wait for the only connection.
    ASSERT_TRUE(d.next(0ms));
    EXPECT_FALSE(d.next(200ms));
    EXPECT_EQ(d.waiting(200ms), 2u);
    d.answered(0, 250ms, 200, true);
    ASSERT_TRUE(d.next(250ms));
    d.answered(0, 260ms, 200, true);
    ASSERT_TRUE(d.next(260ms));
    d.answered(0, 270ms, 200, true);
    counts c;
    c.take(*d.roll(300ms, std::make_unique<interval>()));
    EXPECT_EQ(c.times.response.count(), 3u);
    EXPECT_EQ(c.times.response.max(), 250ms);
    EXPECT_EQ(c.times.response.min(), 70ms); // scheduled at 200, done at 270
    EXPECT_EQ(c.times.service.min(), 10ms);
    EXPECT_EQ(c.sum.offered, 3u);
}

TEST(dispatcher, lateness_with_a_free_connection_is_the_generators) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 3, .timeout = 10s, .expected_status = {}});
    for (const dispatcher::connection_id id : {0u, 1u, 2u})
        d.connection_up(id, 0ms);
    // The loop comes back at 250 ms: the arrivals of 0, 100 and 200 ms go out late though nothing was busy.
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(d.next(250ms));
    const auto c = end_of(d);
    EXPECT_EQ(c.times.generator_lag.count(), 3u);
    EXPECT_EQ(c.times.generator_lag.max(), 250ms);
    EXPECT_EQ(c.times.generator_lag.min(), 50ms);
    EXPECT_EQ(c.times.connection_wait.max(), 0ms);
}

TEST(dispatcher, lateness_without_a_free_connection_is_the_wait_for_one) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 250ms, 200, true); // the arrivals of 100 and 200 ms are waiting
    ASSERT_TRUE(d.next(253ms));      // and the loop takes 3 ms more
    const auto c = end_of(d);
    EXPECT_EQ(c.times.connection_wait.max(), 150ms);
    EXPECT_EQ(c.times.generator_lag.max(), 3ms);
}

TEST(dispatcher, a_connection_that_was_free_all_along_excuses_nothing) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 2, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 150ms, 200, true); // connection 1 could have taken the arrival of 100 ms
    ASSERT_TRUE(d.next(160ms));
    const auto c = end_of(d);
    EXPECT_EQ(c.times.connection_wait.max(), 0ms);
    EXPECT_EQ(c.times.generator_lag.max(), 60ms);
}

TEST(dispatcher, a_fast_failure_flatters_no_percentile_and_a_timeout_is_not_left_out) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 50ms, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 1ms, 503, true);
    ASSERT_TRUE(d.next(100ms));
    d.answered(0, 120ms, 200, true);
    ASSERT_TRUE(d.next(200ms));
    ASSERT_TRUE(d.expired(250ms));
    d.connection_up(0, 260ms);
    ASSERT_TRUE(d.next(300ms));
    d.failed(0, 305ms, outcome::reset, phase::read, broken);
    const auto c = end_of(d);
    EXPECT_EQ(c.times.response.count(), 2u); // the 200 and the timeout
    EXPECT_EQ(c.times.response.min(), 20ms);
    EXPECT_EQ(c.times.response.max(), 50ms);
    EXPECT_EQ(c.times.failed.count(), 2u); // the 503 and the reset
    EXPECT_EQ(c.times.failed.min(), 1ms);
    EXPECT_EQ(c.times.failed.max(), 5ms);
}

TEST(dispatcher, what_the_end_cuts_off_is_told_with_its_age) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms)); // in flight until the end, the other nine wait for it
    const auto c = end_of(d, 2s);
    EXPECT_EQ(c.sum.of(outcome::unfinished), 10u);
    EXPECT_EQ(c.times.unfinished.count(), 10u);
    EXPECT_EQ(c.times.unfinished.max(), 2s);
    EXPECT_EQ(c.times.unfinished.min(), 1100ms);
}

TEST(dispatcher, first_byte_is_counted_from_the_send) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 10s, .expected_status = {}});
    d.connection_up(0, 0ms);
    d.count_connect(3ms);
    ASSERT_TRUE(d.next(40ms));
    d.first_byte(0, 45ms);
    d.answered(0, 60ms, 200, true);
    const auto c = end_of(d);
    EXPECT_EQ(c.times.first_byte.max(), 5ms);
    EXPECT_EQ(c.times.connect.max(), 3ms);
}

TEST(dispatcher, idle_connections_take_turns) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 3, .timeout = 1s, .expected_status = {}});
    for (const dispatcher::connection_id id : {0u, 1u, 2u})
        d.connection_up(id, 0ms);
    std::vector<dispatcher::connection_id> used;
    for (run_time t{}; t < 600ms; t += 100ms) {
        used.push_back(d.next(t)->connection);
        d.answered(used.back(), t + 1ms, 200, true);
    }
    EXPECT_EQ(used, (std::vector<dispatcher::connection_id>{0, 1, 2, 0, 1, 2}));
}

TEST(dispatcher, a_timeout_counts_from_the_send_and_is_recorded_from_the_schedule) {
    const auto s = holding(1s, 2);
    dispatcher d(s, {.connections = 2, .timeout = 100ms, .expected_status = {}});
    ASSERT_FALSE(d.next(0ms));
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(50ms)); // due at 0
    EXPECT_EQ(d.next_expiry(), 150ms);
    EXPECT_FALSE(d.expired(149ms));
    EXPECT_EQ(d.expired(150ms), 0u);
    EXPECT_FALSE(d.expired(150ms));
    EXPECT_EQ(d.connected(), 0u);
    d.connection_up(0, 0ms); // connected again
    ASSERT_TRUE(d.next(500ms));
    d.answered(0, 510ms, 200, true);
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.of(outcome::timeout), 1u);
    EXPECT_EQ(c.sum.of(outcome::ok), 1u);
    EXPECT_EQ(c.sum.completed, 1u);
    EXPECT_EQ(c.times.response.max(), 150ms);
    EXPECT_EQ(c.times.timed_out.count(), 1u);
    EXPECT_EQ(c.times.timed_out.max(), 150ms);
    EXPECT_EQ(c.times.service.max(), 100ms);
}

TEST(dispatcher, requests_expire_in_the_order_of_sending_whichever_ended_between) {
    const auto s = holding(1s, 100);
    dispatcher d(s, {.connections = 3, .timeout = 1s, .expected_status = {}});
    for (const dispatcher::connection_id id : {0u, 1u, 2u})
        d.connection_up(id, 0ms);
    for (const auto t : {0ms, 10ms, 20ms})
        ASSERT_TRUE(d.next(t));
    d.answered(1, 25ms, 200, true); // the middle one
    ASSERT_TRUE(d.next(30ms));      // on connection 1
    EXPECT_EQ(d.expired(5s), 0u);
    EXPECT_EQ(d.expired(5s), 2u);
    EXPECT_EQ(d.expired(5s), 1u);
    EXPECT_EQ(d.in_flight(), 0u);
}

TEST(dispatcher, arrivals_fail_while_no_connection_can_be_made) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 1s, .expected_status = {}});
    EXPECT_FALSE(d.next(250ms)); // still connecting: they wait
    EXPECT_EQ(d.waiting(250ms), 3u);
    d.connect_failed(refused);
    EXPECT_FALSE(d.next(250ms));
    EXPECT_EQ(d.waiting(250ms), 0u);
    EXPECT_EQ(d.next_arrival(), 300ms); // the next one fails when it is due
    EXPECT_FALSE(d.next(300ms));
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(400ms));
    d.answered(0, 401ms, 200, true);
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.of(outcome::connect_error), 4u);
    EXPECT_EQ(c.sum.of(outcome::ok), 1u);
    EXPECT_EQ(c.sum.of(outcome::unfinished), 5u);
    ASSERT_EQ(c.sum.errors.size(), 1u);
    EXPECT_EQ(c.sum.errors[0].count, 4u);
    EXPECT_EQ(describe(c.sum.errors[0].where, c.sum.errors[0].code), "connect: Connection refused");
}

TEST(dispatcher, a_failed_attempt_beside_a_living_connection_fails_nobody) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 2, .timeout = 1s, .expected_status = {}});
    d.connection_up(0, 0ms);
    d.connect_failed(refused);
    ASSERT_TRUE(d.next(0ms));
    EXPECT_FALSE(d.next(100ms));
    EXPECT_EQ(d.waiting(100ms), 1u);
}

TEST(dispatcher, statuses_become_outcomes) {
    EXPECT_EQ(classify(200, {}), outcome::ok);
    EXPECT_EQ(classify(204, {}), outcome::ok);
    EXPECT_EQ(classify(200, 201), outcome::unexpected);
    EXPECT_EQ(classify(201, 201), outcome::ok);
    EXPECT_EQ(classify(404, 404), outcome::ok);
    EXPECT_EQ(classify(302, {}), outcome::http_3xx);
    EXPECT_EQ(classify(404, 201), outcome::http_4xx);
    EXPECT_EQ(classify(503, {}), outcome::http_5xx);
    EXPECT_EQ(classify(101, {}), outcome::unexpected);
}

TEST(dispatcher, counts_belong_to_the_stage_of_the_schedule_and_answers_in_time_to_the_stage_they_came_in) {
    const schedule s(std::vector<stage>{{stage_kind::hold, 1s, 2, 2, 1}, {stage_kind::hold, 1s, 2, 2, 1}});
    dispatcher d(s, {.connections = 4, .timeout = 5s, .expected_status = {}});
    for (const dispatcher::connection_id id : {0u, 1u, 2u, 3u})
        d.connection_up(id, 0ms);
    ASSERT_TRUE(d.next(0ms));
    ASSERT_TRUE(d.next(500ms));
    ASSERT_TRUE(d.next(1000ms));
    d.answered(0, 100ms, 200, true);
    d.answered(1, 1100ms, 200, true); // scheduled in the first stage, answered in the second
    d.answered(2, 2100ms, 200, true); // after the end
    const auto block = d.roll(2s, std::make_unique<interval>());
    ASSERT_EQ(block->size(), 2u);
    EXPECT_EQ((*block)[0].segment, 0u);
    EXPECT_EQ((*block)[0].counts.of(outcome::ok), 2u);
    EXPECT_EQ((*block)[0].counts.offered, 2u);
    EXPECT_EQ((*block)[0].ok_in_time, 1u);
    EXPECT_EQ((*block)[1].counts.of(outcome::ok), 1u);
    EXPECT_EQ((*block)[1].counts.offered, 2u);
    EXPECT_EQ((*block)[1].ok_in_time, 1u);
}

TEST(dispatcher, an_early_stop_offers_what_was_due_and_sends_nothing_more) {
    const auto s = holding(10s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 1s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.stop(450ms); // arrivals 0 to 4 are offered, 1 to 4 wait
    d.answered(0, 500ms, 200, true);
    EXPECT_FALSE(d.next(600ms));
    EXPECT_TRUE(d.finished());
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.offered, 5u);
    EXPECT_EQ(c.sum.of(outcome::ok), 1u);
    EXPECT_EQ(c.sum.of(outcome::unfinished), 4u);
}

TEST(dispatcher, a_stop_that_comes_late_keeps_what_was_sent) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 10, .timeout = 1s, .expected_status = {}});
    for (dispatcher::connection_id id = 0; id < 10; ++id)
        d.connection_up(id, 0ms);
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(d.next(900ms));
    d.stop(450ms);
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.offered, 10u);
    EXPECT_EQ(c.sum.of(outcome::unfinished), 10u);
}

// A random service on a simulated clock: whatever happens, every offered arrival ends as exactly one outcome,
// and the queue needs no memory. Seeds are fixed, a failure can be repeated.
class random_service {
public:
    random_service(const schedule& s, std::uint64_t stripe, std::uint64_t stripes, std::uint64_t seed)
        : s_(s),
          random_(seed),
          d_(s, {stripe, stripes, connections, 200ms, {}}),
          up_(connections),
          busy_(connections) {}

    counts run() {
        const auto stop_at = random_() % 3 == 0 ? s_.duration() / 2 : run_time::max();
        run_time rolled{};
        for (run_time t{}; t < s_.duration() + 300ms; t += 1ms) {
            if (t == stop_at)
                d_.stop(t);
            while (const auto order = d_.next(t))
                busy_[order->connection] = true;
            while (const auto id = d_.expired(t))
                up_[*id] = busy_[*id] = false;
            for (dispatcher::connection_id id = 0; id < connections; ++id)
                happen(id, t);
            if (t - rolled >= 1s) {
                rolled += 1s;
                sum_.take(*d_.roll(rolled, std::make_unique<interval>()));
            }
        }
        const auto rest = end_of(d_);
        sum_.sum.merge(rest.sum);
        sum_.times.merge(rest.times);
        return std::move(sum_);
    }

private:
    static constexpr dispatcher::connection_id connections = 5;

    void happen(dispatcher::connection_id id, run_time t) {
        const auto dice = random_() % 1000;
        if (busy_[id] && dice < 60) {
            const auto reusable = dice < 50;
            d_.answered(id, t, dice % 2 == 0 ? 200 : 503, reusable);
            busy_[id] = false;
            up_[id] = reusable;
        } else if (busy_[id] && dice < 70) {
            d_.failed(id, t, dice % 2 == 0 ? outcome::reset : outcome::protocol_error, phase::read, broken);
            busy_[id] = up_[id] = false;
        } else if (!up_[id] && dice < 20) {
            d_.connection_up(id, t);
            up_[id] = true;
        } else if (!up_[id] && dice < 40) {
            d_.connect_failed(refused);
        } else if (up_[id] && !busy_[id] && dice < 5) {
            d_.connection_down(id);
            up_[id] = false;
        }
    }

    const schedule& s_;
    std::mt19937_64 random_;
    dispatcher d_;
    std::vector<bool> up_;
    std::vector<bool> busy_;
    counts sum_;
};

TEST(dispatcher, outcomes_always_sum_to_offered) {
    const schedule s(
        std::vector<stage>{{stage_kind::linear, 1500ms, 0, 400, 1}, {stage_kind::staircase, 1s, 400, 10, 3}});
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        constexpr std::uint64_t stripes = 3;
        for (std::uint64_t i = 0; i < stripes; ++i) {
            const auto c = random_service(s, i, stripes, seed).run();
            ASSERT_GT(c.sum.offered, 0u);
            ASSERT_EQ(c.sum.settled(), c.sum.offered) << "seed " << seed;
            ASSERT_EQ(c.sum.completed, c.sum.of(outcome::ok) + c.sum.of(outcome::http_5xx))
                << "seed " << seed;
            ASSERT_EQ(c.times.response.count(), c.sum.of(outcome::ok) + c.sum.of(outcome::timeout))
                << "seed " << seed;
            ASSERT_EQ(c.times.failed.count(), c.sum.of(outcome::http_5xx) + c.sum.of(outcome::reset) +
                                                  c.sum.of(outcome::protocol_error))
                << "seed " << seed;
            ASSERT_EQ(c.times.unfinished.count(), c.sum.of(outcome::unfinished)) << "seed " << seed;
            ASSERT_EQ(c.times.generator_lag.count(), c.sum.sent) << "seed " << seed;
            ASSERT_EQ(c.times.connection_wait.count(), c.sum.sent) << "seed " << seed;
            ASSERT_GE(c.times.response.max(), c.times.service.max());
        }
    }
}

TEST(dispatcher, what_a_server_did_not_take_goes_out_once_more_before_others) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 2, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.not_taken(0, 150ms);
    EXPECT_FALSE(d.next(150ms)) << "no connection";
    EXPECT_EQ(d.waiting(150ms), 2u);
    EXPECT_FALSE(d.finished());
    d.connection_up(1, 160ms);
    const auto again = d.next(160ms);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->arrival, 0u);
    d.answered(1, 170ms, 200, true);
    const auto second = d.next(170ms);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->arrival, 1u);
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.sent, 2u);
    EXPECT_EQ(c.times.response.max(), 170ms) << "since it was due";
    EXPECT_EQ(c.times.service.max(), 10ms);
    EXPECT_EQ(c.sum.of(outcome::ok), 1u);
    EXPECT_EQ(c.sum.settled(), 10u);
}

TEST(dispatcher, what_is_not_taken_twice_has_failed) {
    const auto s = holding(1s, 1);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.not_taken(0, 10ms);
    d.connection_up(0, 20ms);
    ASSERT_TRUE(d.next(20ms));
    d.not_taken(0, 30ms);
    EXPECT_TRUE(d.finished());
    EXPECT_EQ(end_of(d).sum.of(outcome::reset), 1u);
}

TEST(dispatcher, what_was_not_taken_fails_when_nobody_can_be_connected_to) {
    const auto s = holding(1s, 1);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.not_taken(0, 10ms);
    d.connect_failed(refused);
    EXPECT_TRUE(d.finished());
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.of(outcome::connect_error), 1u);
    EXPECT_EQ(c.sum.availability(), 0.0) << "it is not in flight";
}

// As with a connection for each request.
TEST(dispatcher, what_was_sent_and_could_not_be_connected_is_not_taken_for_in_flight) {
    const auto s = holding(1s, 4);
    dispatcher d(s, {.connections = 3, .timeout = 5s, .expected_status = {}});
    for (const dispatcher::connection_id id : {0u, 1u, 2u})
        d.connection_up(id, 0ms);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(d.next(600ms));
    d.answered(0, 610ms, 200, true);
    d.failed(1, 610ms, outcome::connect_error, phase::connect, refused);
    ASSERT_TRUE(d.next(800ms));
    const auto c = end_of(d);
    EXPECT_EQ(c.sum.sent, 4u);
    EXPECT_EQ(c.sum.of(outcome::unfinished), 2u) << "in flight";
    EXPECT_EQ(c.sum.availability(), 0.5);
}

TEST(dispatcher, what_was_not_taken_is_unfinished_when_the_run_ends_first) {
    const auto s = holding(1s, 1);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.not_taken(0, 10ms);
    EXPECT_EQ(end_of(d).sum.of(outcome::unfinished), 1u);
}

TEST(dispatcher, connections_take_turns_in_the_order_of_their_ids) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 3, .timeout = 5s, .expected_status = {}});
    for (const dispatcher::connection_id id : {2u, 0u, 1u})
        d.connection_up(id, 0ms);
    d.take_turns();
    for (const dispatcher::connection_id id : {0u, 1u, 2u})
        EXPECT_EQ(d.next(500ms)->connection, id);
}

} // namespace
} // namespace beastmark::loadgen
