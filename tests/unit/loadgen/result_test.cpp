#include "loadgen/result.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// One target, one second: 75 answers in 1 ms, 25 in 50 ms, of which the service took half; nothing in the
/// second after it.
run_record a_run() {
    plan what{.arrivals = schedule(std::vector<stage>{{stage_kind::hold, 2s, 50, 50, 1}}), .targets = {}};
    const url where = parse_target("t=http://127.0.0.1:1/").where;
    what.targets.push_back({"t", where, request_template("GET", where, {}, body_template()), {}});
    run_record r{.what = std::move(what)};
    r.duration = r.last_event = 2s;
    target_record t(r.what.arrivals, 1);
    for (std::size_t row = 0; row < 2; ++row) {
        report_block b;
        b.row = row;
        b.ends = std::chrono::seconds(row + 1);
        b.counts = std::make_unique<interval>();
        auto& part = b.counts->of(0);
        if (row == 0) {
            part.counts.offered = part.counts.completed = 100;
            part.counts.add(outcome::ok, 100);
            part.times.response.record_n(1ms, 75);
            part.times.response.record_n(50ms, 25);
            part.times.service.record_n(500us, 75);
            part.times.service.record_n(25ms, 25);
            part.times.generator_lag.record_n(20us, 100);
        }
        t.take(b);
    }
    r.targets.push_back(std::move(t));
    return r;
}

json target_of(const run_record& r) {
    return make_result(r, {}, 0).at("targets").at("t");
}

TEST(result, totals_have_the_spectrum_of_response_and_service) {
    const auto latency = target_of(a_run()).at("latency");
    const auto& points = latency.at("response").at("spectrum");
    ASSERT_EQ(points.size(), 13u) << "0, 10, .. 50, 55, .. 75, 77.5, 100";
    EXPECT_EQ(points.at(0), json({0.0, 1000.447}));
    EXPECT_EQ(points.at(10), json({75.0, 1000.447}));
    EXPECT_EQ(points.at(11), json({77.5, 50'000.0}));
    EXPECT_EQ(points.at(12), json({100.0, 50'000.0}));
    EXPECT_EQ(latency.at("service").at("spectrum").at(12), json({100.0, 25'000.0}));
}

TEST(result, only_totals_and_only_what_was_recorded_have_a_spectrum) {
    const auto target = target_of(a_run());
    EXPECT_FALSE(target.at("latency").at("generator_lag").contains("spectrum"));
    EXPECT_FALSE(target.at("latency_believable").at("response").contains("spectrum"));
    EXPECT_FALSE(target.at("stages").at(0).at("latency").at("response").contains("spectrum"));
    auto silent = a_run();
    silent.targets.clear();
    silent.targets.emplace_back(silent.what.arrivals, 1);
    EXPECT_FALSE(target_of(silent).at("latency").at("response").contains("spectrum"));
}

TEST(result, each_second_has_its_responses_by_tenths_of_a_decade) {
    const auto timeline = target_of(a_run()).at("timeline");
    ASSERT_EQ(timeline.size(), 2u);
    EXPECT_EQ(timeline.at(0).at("response").at("buckets"), json({{30, 75}, {46, 25}}));
    EXPECT_EQ(timeline.at(1).at("response").at("buckets"), json::array());
    EXPECT_FALSE(timeline.at(0).at("service").contains("buckets"));
}

} // namespace
} // namespace beastmark::loadgen
