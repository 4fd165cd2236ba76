#include "loadgen/slo.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

target named(const char* name) {
    const auto where = parse_target("http://127.0.0.1/x").where;
    return {name, where, request_template("GET", where, {}, body_template("")), {}};
}

// Two targets over three seconds of 100 requests; the third second was disturbed by the quota.
run_record two_targets(run_time go, run_time cpp) {
    const std::vector<stage> stages{{stage_kind::hold, 3s, 100, 100, 1}};
    run_record record{.what = plan{.arrivals = schedule(stages),
                                   .targets = {named("go"), named("cpp")},
                                   .expected_status = {}}};
    record.duration = 3s;
    for (const auto response : {go, cpp}) {
        auto& t = record.targets.emplace_back(record.what.arrivals, 1);
        for (std::size_t i = 0; i < 3; ++i) {
            t.take(machine_evidence{.throttled_share = i == 2 ? 0.9 : 0.0});
            report_block b;
            b.row = i;
            b.ends = std::chrono::seconds(i + 1);
            b.counts = std::make_unique<interval>();
            auto& s = b.counts->of(0);
            s.counts.offered = s.counts.sent = s.counts.completed = 100;
            s.counts.add(outcome::ok, i == 0 ? 98 : 100);
            s.counts.add(outcome::http_5xx, i == 0 ? 2 : 0);
            s.times.response.record_n(i == 2 ? 900ms : response, i == 0 ? 98 : 100);
            s.times.service.record_n(1ms, 100);
            s.times.generator_lag.record_n(i == 2 ? 800ms : 10us, 100);
            t.take(b);
        }
    }
    return record;
}

std::vector<bool> passes(const run_record& record, std::vector<const char*> texts) {
    std::vector<condition> objectives;
    for (const auto* text : texts)
        objectives.push_back(parse_slo(text));
    std::vector<bool> result;
    for (const auto& r : judge_slos(objectives, record))
        result.push_back(r.pass);
    return result;
}

TEST(slo, is_judged_for_each_target_over_the_seconds_to_be_believed) {
    const auto record = two_targets(20ms, 80ms);
    ASSERT_EQ(record.targets[0].rows()[2].judged.is, verdict::generator_limited);
    EXPECT_EQ(passes(record, {"p99<50ms"}), (std::vector<bool>{true, false}));
    EXPECT_EQ(passes(record, {"go.p99<50ms", "cpp.p99<50ms"}), (std::vector<bool>{true, false}));
    EXPECT_EQ(passes(record, {"go.error_rate<1.1%", "go.error_rate<0.9%"}), (std::vector<bool>{true, false}));
    EXPECT_EQ(passes(record, {"go.rps>98", "go.rps>99.5"}), (std::vector<bool>{true, false}));
}

TEST(slo, compares_targets) {
    const auto record = two_targets(20ms, 80ms);
    EXPECT_EQ(passes(record, {"go.p99<=cpp.p99", "cpp.p99<go.p50"}), (std::vector<bool>{true, false}));
    EXPECT_EQ(passes(record, {"p50<=p99"}), (std::vector<bool>{true, true})); // each with itself
}

TEST(slo, is_not_kept_where_there_is_nothing_to_judge) {
    auto record = two_targets(20ms, 80ms);
    record.targets[0] = target_record(record.what.arrivals, 1);
    const std::vector<condition> objectives{parse_slo("go.p99<1h")};
    const auto results = judge_slos(objectives, record);
    ASSERT_EQ(results.size(), 1u);
    EXPECT_FALSE(results[0].value);
    EXPECT_FALSE(results[0].pass);
    EXPECT_EQ(text_of(results[0]), "FAIL  go  go.p99<1h  nothing to judge");
}

TEST(slo, an_upper_bound_is_not_kept_by_a_request_given_up_on) {
    auto record = two_targets(20ms, 80ms);
    auto& go = record.targets[0] = target_record(record.what.arrivals, 1);
    record.what.timeout = 1s;
    report_block b;
    b.ends = 1s;
    b.counts = std::make_unique<interval>();
    auto& s = b.counts->of(0);
    s.counts.offered = s.counts.sent = 100;
    s.counts.add(outcome::timeout, 100);
    s.times.response.record_n(1001ms, 100);
    s.times.service.record_n(1s, 100);
    go.take(b);
    EXPECT_EQ(passes(record, {"go.p99<2s", "go.p99<=2s", "go.p99<=go.p99", "go.p99>500ms"}),
              (std::vector<bool>{false, false, false, true}));
    const std::vector<condition> objectives{parse_slo("go.p99<2s")};
    EXPECT_EQ(text_of(judge_slos(objectives, record).front()), "FAIL  go  go.p99<2s  1.00 s+");
}

TEST(slo, is_told_with_the_figure) {
    const std::vector<condition> objectives{parse_slo("go.error_rate<5%")};
    EXPECT_EQ(text_of(judge_slos(objectives, two_targets(20ms, 80ms)).front()),
              "PASS  go  go.error_rate<5%  1 %");
}

TEST(slo, a_percentile_of_too_few_says_that_it_is_their_slowest) {
    const auto record = two_targets(20ms, 80ms); // of 198 responses to be believed
    const auto told = [&](const char* text) {
        const std::vector<condition> objectives{parse_slo(text)};
        return text_of(judge_slos(objectives, record).front());
    };
    EXPECT_EQ(told("go.p99.9<1s"), "PASS  go  go.p99.9<1s  20.0 ms (the slowest of 198; p99.9 takes 1000)");
    EXPECT_EQ(told("go.p99<1s"), "PASS  go  go.p99<1s  20.0 ms");
    EXPECT_EQ(told("go.rps>1"), "PASS  go  go.rps>1  99/s");
}

TEST(slo, bad_use_is_refused) {
    EXPECT_THROW(parse_slo("p99<50ms for 5s"), std::invalid_argument);
    const std::vector<std::string> names{"go"};
    const std::vector<condition> known{parse_slo("go.p99<1s"), parse_slo("p99<1s")};
    EXPECT_NO_THROW(require_targets(known, names));
    for (const auto* text : {"py.p99<1s", "go.p99<py.p99"}) {
        const std::vector<condition> unknown{parse_slo(text)};
        EXPECT_THROW(require_targets(unknown, names), std::invalid_argument) << text;
    }
}

} // namespace
} // namespace beastmark::loadgen
