// What a closed loop, --on-late skip and the warm-up do to who sends what when and to what is counted.
#include "loadgen/dispatcher.hpp"
#include "loadgen/recorder.hpp"

#include <boost/asio/error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

const boost::system::error_code refused = boost::asio::error::connection_refused;

schedule closed(std::vector<run_time> stages) {
    std::vector<stage> all;
    for (const auto duration : stages)
        all.push_back({stage_kind::closed, duration, 0, 0, 1});
    return schedule(all);
}

schedule holding(run_time duration, double rate) {
    return schedule(std::vector<stage>{{stage_kind::hold, duration, rate, rate, 1}});
}

std::unique_ptr<interval> all_of(dispatcher& d) {
    return d.roll(run_time::max(), std::make_unique<interval>());
}

TEST(closed_loop, a_free_connection_sends_the_next_request_at_once) {
    const auto s = closed({1s});
    dispatcher d(s, {.stripe = 1, .stripes = 3, .connections = 2, .timeout = 1s, .expected_status = {}});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    EXPECT_FALSE(d.next(-5ms)); // connected before the start
    EXPECT_EQ(d.next_arrival(), 0ms);
    EXPECT_EQ(d.next(0ms)->arrival, 1u);
    EXPECT_EQ(d.next(0ms)->arrival, 4u);
    EXPECT_FALSE(d.next(1ms));
    EXPECT_EQ(d.next_arrival(), std::nullopt);
    d.answered(1, 10ms, 200, true);
    const auto third = d.next(10ms);
    ASSERT_TRUE(third);
    EXPECT_EQ(third->connection, 1u);
    EXPECT_EQ(third->arrival, 7u);
    d.answered(0, 999ms, 200, true);
    ASSERT_TRUE(d.next(999ms));
    d.answered(1, 1s, 200, true);
    EXPECT_FALSE(d.next(1s)); // its time is over
    EXPECT_FALSE(d.finished());
    d.answered(0, 1100ms, 200, true);
    EXPECT_TRUE(d.finished());
    const auto seen = all_of(d);
    ASSERT_EQ(seen->size(), 1u);
    const auto& counted = (*seen)[0];
    EXPECT_EQ(counted.counts.offered, 4u);
    EXPECT_EQ(counted.counts.sent, 4u);
    EXPECT_EQ(counted.counts.of(outcome::ok), 4u);
    EXPECT_EQ(counted.ok_in_time, 2u);
    EXPECT_EQ(counted.times.response.max(), 999ms); // from the send: the same as service time
    EXPECT_EQ(counted.times.service.max(), 999ms);
    EXPECT_EQ(counted.times.generator_lag.count(), 0u);
}

TEST(closed_loop, a_request_is_counted_in_the_stage_in_which_it_was_sent) {
    const auto s = closed({1s, 1s});
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(900ms));
    d.answered(0, 1200ms, 200, true);
    ASSERT_TRUE(d.next(1200ms));
    d.answered(0, 1300ms, 200, true);
    const auto seen = all_of(d);
    ASSERT_EQ(seen->size(), 2u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::ok), 1u);
    EXPECT_EQ((*seen)[1].counts.of(outcome::ok), 1u);
}

TEST(closed_loop, a_client_thinks_before_its_next_request) {
    const auto s = closed({1s});
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}, .clients = {.think = 40ms}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms)) << "it begins with a request";
    d.answered(0, 10ms, 200, true);
    EXPECT_FALSE(d.next(49ms));
    EXPECT_EQ(d.next_arrival(), 50ms);
    ASSERT_TRUE(d.next(50ms));
    d.failed(0, 60ms, outcome::reset, phase::read, refused);
    d.connection_up(0, 70ms);
    EXPECT_FALSE(d.next(100ms));
    ASSERT_TRUE(d.next(110ms));
    d.answered(0, 970ms, 200, true);
    EXPECT_EQ(d.next_arrival(), std::nullopt) << "its time ends while it thinks";
    EXPECT_FALSE(d.next(1s));
    EXPECT_TRUE(d.finished());
    EXPECT_EQ((*all_of(d))[0].counts.offered, 3u);
}

TEST(closed_loop, clients_join_one_by_one_whichever_thread_has_them) {
    const auto s = closed({1s, 1s, 1s, 1s});
    const client_steps two_to_five{.first = 2, .last = 5, .every = 1s};
    // Clients 1 and 3 of 0 to 4, on the second of two threads.
    dispatcher d(s, {.connections = 2,
                     .timeout = 5s,
                     .expected_status = {},
                     .clients = two_to_five,
                     .thread = 1,
                     .threads = 2});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    EXPECT_EQ(d.connected(), 2u);
    EXPECT_EQ(d.next(0ms)->connection, 0u);
    EXPECT_FALSE(d.next(1999ms));
    EXPECT_EQ(d.next_arrival(), 2s);
    EXPECT_EQ(d.next(2s)->connection, 1u);
    d.answered(1, 2100ms, 200, true);
    EXPECT_EQ(d.next(2100ms)->connection, 1u) << "it has joined for good";
    EXPECT_EQ(d.next_arrival(), std::nullopt);
}

TEST(closed_loop, a_connection_lost_before_its_client_joined_is_made_again) {
    const auto s = closed({1s, 1s});
    dispatcher d(s, {.connections = 2,
                     .timeout = 5s,
                     .expected_status = {},
                     .clients = {.first = 1, .last = 2, .every = 1s}});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    d.connection_down(1);
    d.connection_up(1, 500ms);
    EXPECT_EQ(d.next(500ms)->connection, 0u);
    EXPECT_FALSE(d.next(999ms));
    EXPECT_EQ(d.next(1s)->connection, 1u);
}

TEST(client_steps, count_from_the_end_of_a_warm_up) {
    const client_steps steps{.first = 2, .last = 4, .every = 10s, .since = 5s};
    EXPECT_EQ(steps.begin_of(0), 0s);
    EXPECT_EQ(steps.begin_of(1), 0s);
    EXPECT_EQ(steps.begin_of(2), 15s);
    EXPECT_EQ(steps.begin_of(3), 25s);
    EXPECT_EQ(client_steps{}.begin_of(7), 0s) << "as many as there are connections";
}

TEST(closed_loop, a_failed_connect_is_a_request_that_failed) {
    const auto s = closed({1s});
    dispatcher d(s, {.connections = 2, .timeout = 1s, .expected_status = {}});
    d.connect_failed(refused); // before the start
    d.connection_up(0, 0ms);
    d.connect_failed(refused, 10ms);
    d.connect_failed(refused, 20ms);
    d.connect_failed(refused, 1s); // after the end
    const auto seen = all_of(d);
    EXPECT_EQ((*seen)[0].counts.offered, 2u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::connect_error), 2u);
}

TEST(closed_loop, stopping_ends_it_and_cutting_counts_what_is_in_flight) {
    const auto s = closed({10s});
    dispatcher d(s, {.connections = 2, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    ASSERT_TRUE(d.next(0ms));
    ASSERT_TRUE(d.next(0ms));
    d.stop(1s);
    d.answered(0, 1100ms, 200, true);
    EXPECT_FALSE(d.next(1100ms));
    d.cut(2s);
    const auto seen = all_of(d);
    EXPECT_EQ((*seen)[0].counts.offered, 2u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::unfinished), 1u);
    EXPECT_EQ((*seen)[0].times.unfinished.max(), 2s);
}

TEST(on_late_skip, what_is_too_late_is_counted_and_not_sent) {
    const auto s = holding(1s, 100); // every 10 ms
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}, .skip_after = 25ms});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    EXPECT_EQ(d.waiting(100ms), 3u); // of 80, 90 and 100 ms: those before will be skipped
    d.answered(0, 100ms, 200, true);
    const auto next = d.next(100ms);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->arrival, 8u); // due at 80 ms; that of 70 ms would be 30 ms late
    EXPECT_EQ(d.waiting(100ms), 2u);
    d.answered(0, 110ms, 200, true);
    auto seen = d.roll(110ms, std::make_unique<interval>());
    EXPECT_EQ((*seen)[0].counts.offered, 11u);
    EXPECT_EQ((*seen)[0].counts.sent, 2u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 7u);
    // Without any answer the row still tells what became too late during it.
    ASSERT_TRUE(d.next(110ms));
    seen = d.roll(200ms, std::make_unique<interval>());
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 8u); // of 100 to 170 ms
    d.cut(1s);
    seen = all_of(d);
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 80u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::unfinished), 3u); // in flight, and those of 980 and 990 ms
}

TEST(on_late_skip, what_is_late_within_the_bound_is_sent) {
    const auto s = holding(1s, 100);
    dispatcher d(s, {.connections = 2, .timeout = 5s, .expected_status = {}, .skip_after = 25ms});
    d.connection_up(0, 0ms);
    d.connection_up(1, 0ms);
    ASSERT_TRUE(d.next(25ms));
    ASSERT_TRUE(d.next(25ms));
    const auto seen = d.roll(25ms, std::make_unique<interval>());
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 0u);
    EXPECT_EQ((*seen)[0].times.generator_lag.max(), 25ms);
}

TEST(on_late_skip, whose_doing_it_was_is_told_apart) {
    const auto s = holding(1s, 100);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}, .skip_after = 5ms});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 1ms, 200, true);
    ASSERT_TRUE(d.next(51ms)); // the loop stood still: those of 10 to 40 ms could have gone
    auto seen = d.roll(51ms, std::make_unique<interval>());
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 4u);
    EXPECT_EQ((*seen)[0].counts.skipped_late, 4u);
    d.answered(0, 151ms, 200, true); // the service took its time: those of 60 to 140 ms found no connection
    ASSERT_TRUE(d.next(151ms));
    seen = d.roll(151ms, std::make_unique<interval>());
    EXPECT_EQ((*seen)[0].counts.of(outcome::skipped), 9u);
    EXPECT_EQ((*seen)[0].counts.skipped_late, 0u);
}

TEST(body_expectation, an_ok_status_with_another_body_is_unexpected) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 5ms, 200, true, false);
    ASSERT_TRUE(d.next(100ms));
    d.answered(0, 105ms, 503, true, false);
    const auto seen = all_of(d);
    EXPECT_EQ((*seen)[0].counts.of(outcome::unexpected), 1u);
    EXPECT_EQ((*seen)[0].counts.of(outcome::http_5xx), 1u);
    EXPECT_EQ((*seen)[0].times.response.count(), 0u);
    EXPECT_EQ((*seen)[0].times.failed.count(), 2u);
}

report_block second(std::size_t row, std::size_t segment, std::uint64_t ok, run_time took) {
    report_block b;
    b.row = row;
    b.ends = std::chrono::seconds(row + 1);
    b.counts = std::make_unique<interval>();
    auto& s = b.counts->of(segment);
    s.counts.offered = s.counts.sent = s.counts.completed = ok;
    s.counts.add(outcome::ok, ok);
    s.times.response.record_n(took, ok);
    s.times.service.record_n(took, ok);
    return b;
}

TEST(warmup, is_recorded_and_left_out_of_sums_and_judgements) {
    const auto s = schedule(
        std::vector<stage>{{stage_kind::hold, 2s, 100, 100, 1}, {stage_kind::hold, 2s, 100, 100, 1}});
    target_record t(s, 1, 2s);
    auto slow = second(0, 0, 100, 900ms);
    slow.counts->of(0).counts.add(outcome::timeout, 50);
    t.take(slow);
    t.take(second(1, 0, 100, 900ms));
    EXPECT_EQ(t.judged_until(4s).measured_s, 0);
    t.take(second(2, 1, 100, 1ms));
    t.take(second(3, 1, 100, 2ms));
    ASSERT_EQ(t.rows().size(), 4u);
    EXPECT_EQ(t.rows()[0].judged.is, verdict::server_saturated);
    EXPECT_EQ(t.stages()[0].counts.of(outcome::ok), 200u);
    EXPECT_EQ(t.total().counts.of(outcome::ok), 200u);
    EXPECT_EQ(t.total().counts.of(outcome::timeout), 0u);
    EXPECT_EQ(t.total().times.response.max(), 2ms);
    EXPECT_EQ(t.judged_until(4s).measured_s, 2);
    EXPECT_EQ(t.judged_until(4s).saturated_s, 0);
    EXPECT_THAT(t.headline_until(4s), testing::HasSubstr("2 of 2 s"));
    EXPECT_EQ(t.believable().response.max(), 2ms);
    const auto row = t.believable_row(4s);
    EXPECT_EQ(row.length, 2s);
    EXPECT_EQ(row.of(outcome::ok), 200u);
    EXPECT_EQ(row.of(outcome::timeout), 0u);
}

} // namespace
} // namespace beastmark::loadgen
