#include "loadgen/interop/exports.hpp"
#include "loadgen/interop/hdrplot.hpp"
#include "loadgen/interop/k6_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen::interop {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

target named(const char* name) {
    const auto where = parse_target("http://127.0.0.1:1/").where;
    return {name, where, request_template("GET", where, {}, body_template()), {}};
}

// Two seconds: of each target 90 answers of 2 ms, 10 failures, 3 skipped and 1 unfinished.
run_record a_run(std::vector<const char*> names) {
    plan what{.arrivals = schedule(std::vector<stage>{{stage_kind::hold, 2s, 52, 52, 1}}), .targets = {}};
    what.connections = 8;
    for (const auto* name : names)
        what.targets.push_back(named(name));
    run_record r{.what = std::move(what)};
    r.duration = r.last_event = 2s;
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto& t = r.targets.emplace_back(r.what.arrivals, 1);
        report_block b;
        b.ends = 1s;
        b.counts = std::make_unique<interval>();
        auto& part = b.counts->of(0);
        part.counts.offered = 104;
        part.counts.add(outcome::ok, 90);
        part.counts.add(outcome::http_5xx, 10);
        part.counts.add(outcome::skipped, 3);
        part.counts.add(outcome::unfinished, 1);
        part.counts.bytes_in = 4000;
        part.times.response.record_n(4ms, 90);
        part.times.service.record_n(2ms, 90);
        t.take(b);
    }
    return r;
}

TEST(k6_summary, has_the_metrics_of_k6_in_its_units) {
    const auto summary = k6_summary(a_run({"t"}), {});
    const auto& metrics = summary.at("metrics");
    const auto& duration = metrics.at("http_req_duration");
    EXPECT_EQ(duration.at("type"), "trend");
    EXPECT_EQ(duration.at("contains"), "time");
    EXPECT_NEAR(duration.at("values").at("p(95)"), 2.0, 0.01);
    EXPECT_NEAR(metrics.at("iteration_duration").at("values").at("med"), 4.0, 0.01);
    EXPECT_EQ(
        metrics.at("http_reqs"),
        json({{"type", "counter"}, {"contains", "default"}, {"values", {{"count", 100}, {"rate", 50.0}}}}));
    EXPECT_EQ(metrics.at("http_req_failed").at("values"),
              json({{"rate", 0.1}, {"passes", 10}, {"fails", 90}}));
    EXPECT_EQ(metrics.at("dropped_iterations").at("values").at("count"), 3);
    EXPECT_EQ(metrics.at("loadgen_unfinished").at("values").at("count"), 1);
    EXPECT_EQ(metrics.at("data_received").at("values").at("rate"), 2000.0);
    EXPECT_EQ(metrics.at("vus").at("values"), json({{"value", 8}, {"min", 8}, {"max", 8}}));
    EXPECT_FALSE(metrics.contains("http_req_waiting")) << "nothing was recorded";
    EXPECT_EQ(summary.at("state").at("testRunDurationMs"), 2000.0);
    EXPECT_EQ(summary.at("root_group").at("groups"), json::array());
    EXPECT_TRUE(summary.at("options").at("summaryTrendStats").is_array());
}

TEST(k6_summary, of_several_targets_has_sums_and_each_apart) {
    const auto metrics = k6_summary(a_run({"a", "b"}), {}).at("metrics");
    EXPECT_EQ(metrics.at("http_reqs").at("values").at("count"), 200);
    EXPECT_EQ(metrics.at("http_reqs{target:b}").at("values").at("count"), 100);
    EXPECT_EQ(metrics.at("http_req_duration{target:a}").at("values").at("count"), 90);
    EXPECT_EQ(metrics.at("vus").at("values").at("value"), 16);
}

TEST(k6_summary, objectives_are_thresholds_of_the_metric_they_speak_of) {
    const std::vector<slo_result> objectives{
        {.text = "p99<1ms", .target = "t", .what = metric::p99, .value = 4000, .bound = 1000, .pass = false},
        {.text = "error_rate<50%",
         .target = "t",
         .what = metric::error_rate,
         .value = 0.1,
         .bound = 0.5,
         .pass = true},
        {.text = "rps>1", .target = "t", .what = metric::rps, .value = 45, .bound = 1, .pass = true}};
    const auto summary = k6_summary(a_run({"t"}), objectives);
    const auto& metrics = summary.at("metrics");
    EXPECT_EQ(metrics.at("loadgen_response_time").at("thresholds"), json({{"p99<1ms", {{"ok", false}}}}));
    EXPECT_EQ(metrics.at("http_req_failed").at("thresholds"), json({{"error_rate<50%", {{"ok", true}}}}));
    EXPECT_EQ(metrics.at("http_reqs").at("thresholds"), json({{"rps>1", {{"ok", true}}}}));
    const auto both = k6_summary(a_run({"t", "u"}), objectives).at("metrics");
    EXPECT_TRUE(both.at("http_reqs{target:t}").contains("thresholds"));
    EXPECT_FALSE(both.at("http_reqs").contains("thresholds"));
}

TEST(k6_summary_export, is_flat_and_a_threshold_is_true_when_it_was_crossed) {
    const std::vector<slo_result> objectives{{.text = "error_rate<5%",
                                              .target = "t",
                                              .what = metric::error_rate,
                                              .value = 0.1,
                                              .bound = 0.05,
                                              .pass = false}};
    const auto flat = k6_summary_export(k6_summary(a_run({"t"}), objectives));
    EXPECT_NEAR(flat.at("metrics").at("http_req_duration").at("p(90)"), 2.0, 0.01);
    EXPECT_EQ(
        flat.at("metrics").at("http_req_failed"),
        json({{"value", 0.1}, {"passes", 10}, {"fails", 90}, {"thresholds", {{"error_rate<5%", true}}}}));
    EXPECT_EQ(flat.at("root_group").at("checks"), json::object());
    EXPECT_FALSE(flat.contains("state"));
}

TEST(hdrplot, has_vegeta_s_columns) {
    histogram values;
    values.record_n(1ms, 75);
    values.record_n(50ms, 25);
    std::istringstream lines(hdrplot(values));
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, "Value(ms)   Percentile  TotalCount  1/(1-Percentile)");
    double value = 0;
    double level = 0;
    double inverse = 0;
    std::uint64_t count = 0;
    std::size_t rows = 0;
    double before = -1;
    while (lines >> value >> level >> count >> inverse) {
        ++rows;
        EXPECT_GT(level, before);
        before = level;
        EXPECT_LE(count, 100u);
        EXPECT_NEAR(inverse, level < 1 ? 1 / (1 - level) : 1e7, 0.01);
    }
    EXPECT_TRUE(lines.eof());
    EXPECT_EQ(rows, 13u);
    EXPECT_EQ(level, 1);
    EXPECT_EQ(count, 100u);
    EXPECT_NEAR(value, 50, 0.05);
    EXPECT_EQ(hdrplot({}), "Value(ms)   Percentile  TotalCount  1/(1-Percentile)\n");
}

TEST(exports, are_refused_before_the_run) {
    const auto refusal = [](const export_arguments& wanted, std::size_t targets) -> std::string {
        try {
            check(wanted, targets);
        } catch (const std::exception& problem) {
            return problem.what();
        }
        return "accepted";
    };
    EXPECT_THAT(refusal({.k6_summary = {}, .k6_summary_export = {}, .hdrplot = "p.txt"}, 2),
                HasSubstr("NAME.hgrm"));
    EXPECT_EQ(refusal({.k6_summary = {}, .k6_summary_export = {}, .hdrplot = "p.txt"}, 1), "accepted");
    EXPECT_THAT(refusal({.k6_summary = "/no/s.json", .k6_summary_export = {}, .hdrplot = {}}, 1),
                HasSubstr("--k6-summary /no/s.json: there is no folder /no"));
}

} // namespace
} // namespace beastmark::loadgen::interop
