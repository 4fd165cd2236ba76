#include "loadgen/recorder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

schedule two_stages() {
    return schedule(std::vector<stage>{{stage_kind::hold, 1s, 10, 10, 1}, {stage_kind::hold, 2s, 20, 20, 1}});
}

struct part {
    std::size_t segment = 0;
    std::uint64_t offered = 0;
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    run_time response = 1ms;
};

report_block block(std::size_t row, std::vector<part> parts, std::uint64_t waiting = 0, bool last = false) {
    report_block b;
    b.row = row;
    b.ends = std::chrono::seconds(row + 1);
    b.last = last;
    b.waiting = waiting;
    b.counts = std::make_unique<interval>();
    for (const auto& p : parts) {
        auto& s = b.counts->of(p.segment);
        s.counts.offered = p.offered;
        s.counts.add(outcome::ok, p.ok);
        s.counts.add(outcome::http_5xx, p.failed);
        s.counts.completed = p.ok + p.failed;
        s.times.response.record_n(p.response, p.ok);
        s.times.failed.record_n(p.response, p.failed);
        s.ok_in_time = p.ok;
    }
    return b;
}

TEST(target_record, a_row_is_told_once_every_thread_has_told_its_part) {
    target_record t(two_stages(), 2);
    t.take(block(0, {{.offered = 5, .ok = 5}}));
    t.take(block(1, {{.segment = 1, .offered = 10, .ok = 10}}));
    EXPECT_TRUE(t.rows().empty());
    t.take(block(0, {{.offered = 5, .ok = 4, .failed = 1, .response = 3ms}}));
    ASSERT_EQ(t.rows().size(), 1u);
    EXPECT_EQ(t.rows()[0].offered, 10u);
    EXPECT_EQ(t.rows()[0].of(outcome::ok), 9u);
    EXPECT_DOUBLE_EQ(*t.rows()[0].availability, 0.9);
    EXPECT_EQ(t.rows()[0].response.count, 9u);
    EXPECT_EQ(t.rows()[0].failed.count, 1u);
    EXPECT_EQ(t.rows()[0].response.max_us, 3000);
    t.take(block(1, {{.segment = 1, .offered = 10, .ok = 10}}));
    ASSERT_EQ(t.rows().size(), 2u);
    EXPECT_EQ(t.rows()[1].response.max_us, 1000); // nothing is left of the row before
    EXPECT_EQ(t.rows()[1].length, 1s);
}

TEST(target_record, a_row_has_the_buckets_of_its_own_responses) {
    target_record t(two_stages(), 2);
    t.take(block(0, {{.offered = 5, .ok = 5}}));
    t.take(block(0, {{.offered = 5, .ok = 3, .failed = 2, .response = 3ms}}));
    t.take(block(1, {{.segment = 0, .ok = 1, .response = 1s}, {.segment = 1, .offered = 9, .ok = 9}}));
    t.take(block(1, {{.segment = 1, .offered = 9, .ok = 9}}));
    ASSERT_EQ(t.rows().size(), 2u);
    const auto told = [](const row& r) {
        std::map<int, std::uint64_t> all;
        for (const auto& b : r.response_buckets)
            all[b.bucket] = b.count;
        return all;
    };
    EXPECT_EQ(told(t.rows()[0]), (std::map<int, std::uint64_t>{{30, 5}, {34, 3}}));
    EXPECT_EQ(told(t.rows()[1]), (std::map<int, std::uint64_t>{{30, 18}, {60, 1}}));
}

TEST(target_record, a_thread_that_ended_is_not_waited_for) {
    target_record t(two_stages(), 2);
    t.take(block(0, {{.offered = 5, .ok = 5}}, 0, true));
    t.take(block(0, {{.offered = 5, .ok = 5}}));
    t.take(block(1, {{.segment = 1, .offered = 10, .ok = 10}}));
    auto last = block(2, {{.segment = 1, .offered = 1, .ok = 1}}, 0, true);
    last.ends = 2500ms;
    t.take(last);
    ASSERT_EQ(t.rows().size(), 3u);
    EXPECT_EQ(t.rows()[2].ends, 2500ms);
    EXPECT_EQ(t.rows()[2].length, 500ms);
}

TEST(target_record, stages_and_total_add_up) {
    target_record t(two_stages(), 1);
    t.take(block(0, {{.offered = 10, .ok = 8}}));
    t.take(block(1, {{.segment = 0, .ok = 2, .response = 700ms}, {.segment = 1, .offered = 20, .ok = 20}}));
    EXPECT_EQ(t.stages()[0].counts.of(outcome::ok), 10u);
    EXPECT_EQ(t.stages()[0].times.response.max(), 700ms);
    EXPECT_EQ(t.stages()[1].counts.of(outcome::ok), 20u);
    const auto& total = t.total();
    EXPECT_EQ(total.counts.offered, 30u);
    EXPECT_EQ(total.times.response.count(), 30u);
    EXPECT_EQ(&t.total(), &total) << "not summed up again";
    EXPECT_EQ(t.rows()[1].of(outcome::ok), 22u);
    t.take(block(2, {{.segment = 1, .offered = 5, .ok = 5}}));
    EXPECT_EQ(t.total().counts.offered, 35u);
}

TEST(target_record, what_joins_the_queue_is_not_available) {
    target_record t(two_stages(), 1);
    t.take(block(0, {{.offered = 100, .ok = 50}}, 50));
    t.take(block(1, {{.segment = 1, .offered = 100, .ok = 100}}, 50));
    t.take(block(2, {{.segment = 1, .offered = 100, .ok = 120}}, 30));
    EXPECT_DOUBLE_EQ(*t.rows()[0].availability, 0.5);
    EXPECT_DOUBLE_EQ(*t.rows()[1].availability, 1.0); // the queue stands still
    EXPECT_DOUBLE_EQ(*t.rows()[2].availability, 1.0); // it shrinks
}

TEST(target_record, availability_of_a_stage_is_that_of_its_seconds_and_the_queue_at_both_ends) {
    target_record t(two_stages(), 1);
    t.take(block(0, {{.offered = 100, .ok = 90, .failed = 10}}));
    t.take(block(1, {{.segment = 1, .offered = 100, .ok = 60}}, 40));
    t.take(block(2, {{.segment = 1, .offered = 100, .ok = 120}}, 20));
    EXPECT_DOUBLE_EQ(*t.availability_between(0s, 1s), 0.9);
    EXPECT_DOUBLE_EQ(*t.availability_between(1s, 3s), 180.0 / 200);
    EXPECT_EQ(t.availability_between(3s, 4s), std::nullopt);
}

TEST(tally, what_waited_at_the_end_was_not_served_and_what_was_in_flight_is_not_judged) {
    tally t;
    EXPECT_EQ(t.availability(), std::nullopt);
    t.offered = 100;
    t.sent = 70; // 30 waited: 10 failed to connect, 20 are unfinished
    t.completed = 60;
    t.add(outcome::ok, 50);
    t.add(outcome::http_5xx, 10);
    t.add(outcome::reset, 5);
    t.add(outcome::connect_error, 10);
    t.add(outcome::unfinished, 25); // 5 of them in flight
    EXPECT_DOUBLE_EQ(*t.availability(), 50.0 / 95);
}

TEST(target_record, a_second_that_is_not_to_be_believed_is_left_out_of_the_believable_figures) {
    target_record t(two_stages(), 1);
    t.take(machine_evidence{});
    t.take(block(0, {{.offered = 10, .ok = 10, .response = 2ms}}));
    t.take(machine_evidence{.throttled_share = 0.5});
    auto late = block(1, {{.segment = 1, .offered = 20, .ok = 20, .response = 300ms}});
    late.counts->of(1).times.generator_lag.record_n(200ms, 20);
    late.evidence.stall = 200ms;
    t.take(late);
    EXPECT_EQ(t.rows()[0].judged, (judgement{verdict::valid, cause::none}));
    EXPECT_EQ(t.rows()[1].judged, (judgement{verdict::generator_limited, cause::quota}));
    EXPECT_DOUBLE_EQ(t.windows()[1].machine.throttled_share, 0.5);
    EXPECT_DOUBLE_EQ(t.windows()[1].stall_max_us, 200'000);
    EXPECT_EQ(t.believable().response.count(), 10u);
    EXPECT_EQ(t.believable().response.max(), 2ms);
    EXPECT_EQ(t.total().times.response.max(), 300ms);
    EXPECT_TRUE(t.judged_between(0s, 1s).believable());
    EXPECT_FALSE(t.judged_between(0s, 2s).believable());
    EXPECT_FALSE(t.judged_between(5s, 9s).believable()); // nothing was measured
}

TEST(target_record, what_queued_and_was_served_a_second_later_is_no_failure) {
    target_record t(two_stages(), 1);
    t.take(block(0, {{.offered = 1000, .ok = 910}}, 90));
    t.take(block(1, {{.segment = 1, .offered = 1000, .ok = 1090}}));
    t.take(block(2, {{.segment = 1, .offered = 1000, .ok = 910}}, 90));
    EXPECT_NEAR(*t.believable_row(3s).availability, 2910.0 / 3000, 1e-9); // the last 90 are not served yet
    t.take(block(3, {{.segment = 1, .ok = 90}}, 0, true));
    EXPECT_DOUBLE_EQ(*t.believable_row(3s).availability, 1.0);
    EXPECT_EQ(t.believable_row(3s).length, 3s); // the drain took no arrivals
    EXPECT_EQ(t.believable_row(3s).of(outcome::ok), 3000u);
}

TEST(target_record, a_drain_alone_is_nothing_to_judge) {
    target_record t(two_stages(), 1);
    t.take(machine_evidence{.throttled_share = 0.9});
    auto late = block(0, {{.offered = 10, .ok = 9, .response = 500ms}});
    late.counts->of(0).times.generator_lag.record_n(400ms, 9);
    t.take(late);
    t.take(block(1, {{.ok = 1}}, 0, true));
    ASSERT_FALSE(believable(t.rows()[0].judged.is));
    EXPECT_EQ(t.believable_row(1s).availability, std::nullopt);
    EXPECT_EQ(t.believable_row(1s).response.count, 0u);
}

TEST(target_record, a_run_much_shorter_than_its_drain_is_judged) {
    target_record t(two_stages(), 1);
    auto only = block(0, {{.offered = 2, .ok = 2}}, 0, true);
    only.ends = 490ms;
    t.take(only);
    EXPECT_TRUE(t.judged_until(200ms).believable());
    EXPECT_EQ(t.judged_between(0s, 200ms).measured_s, 0);
}

TEST(target_record, time_never_runs_backwards) {
    target_record t(two_stages(), 2);
    auto slow = block(0, {{.offered = 1, .ok = 1}}, 0, true);
    slow.ends = 1300ms; // stood still, then ended in its first row
    auto other = block(1, {{.offered = 1, .ok = 1}}, 0, true);
    other.ends = 1150ms;
    t.take(block(0, {{.offered = 1, .ok = 1}}));
    t.take(slow);
    t.take(other);
    ASSERT_EQ(t.rows().size(), 2u);
    EXPECT_EQ(t.rows()[1].ends, 1300ms);
    EXPECT_EQ(t.rows()[1].length, 0ms);
}

TEST(target_record, a_window_shows_the_worst_thread_and_all_of_their_segments) {
    target_record t(two_stages(), 2);
    auto busy = block(0, {{.offered = 5, .ok = 5}});
    busy.evidence = {.cpu = 900ms, .run_delay = 10ms, .stall = 1ms, .retransmitted = 2};
    auto idle = block(0, {{.offered = 5, .ok = 5}});
    idle.evidence = {.cpu = 100ms, .run_delay = 300ms, .stall = 7ms, .retransmitted = 3};
    t.take(busy);
    t.take(idle);
    const auto& w = t.windows().at(0);
    EXPECT_DOUBLE_EQ(w.thread_cpu_share, 0.9);
    EXPECT_DOUBLE_EQ(w.run_delay_share, 0.3);
    EXPECT_DOUBLE_EQ(w.stall_max_us, 7000);
    EXPECT_EQ(w.retransmitted, 5u);
}

TEST(target_record, nothing_ended_though_something_was_offered_is_availability_0) {
    target_record t(two_stages(), 1);
    t.take(block(0, {{.offered = 3}}));
    t.take(block(1, {}));
    EXPECT_EQ(t.rows()[0].availability, 0.0);
    EXPECT_EQ(t.rows()[1].availability, std::nullopt);
}

TEST(interval, slices_are_reused_and_start_empty) {
    interval i;
    i.of(3).counts.add(outcome::ok);
    i.of(4).times.response.record(1ms);
    i.of(3).counts.add(outcome::ok);
    ASSERT_EQ(i.size(), 2u);
    EXPECT_EQ(i[0].counts.of(outcome::ok), 2u);
    i.reset();
    EXPECT_EQ(i.size(), 0u);
    EXPECT_EQ(i.of(9).counts.of(outcome::ok), 0u);
    EXPECT_EQ(i.of(9).segment, 9u);
    EXPECT_EQ(i.of(10).times.response.count(), 0u);
}

} // namespace
} // namespace beastmark::loadgen
