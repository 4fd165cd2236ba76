#include "common/process_metrics.hpp"
#include "loadgen/live_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Key;

plan two_stages(const std::vector<std::string>& names) {
    plan p{.arrivals = schedule(
               std::vector<stage>{{stage_kind::hold, 1s, 100, 100, 1}, {stage_kind::hold, 2s, 200, 200, 1}}),
           .targets = {},
           .connections = 10};
    for (const auto& name : names) {
        const auto spec = parse_target(name + "=http://127.0.0.1:1/");
        p.targets.push_back(
            {name, spec.where, request_template("GET", spec.where, {}, body_template("")), {}});
    }
    return p;
}

run_record record_of(plan what) {
    run_record r{.what = std::move(what)};
    for (std::size_t i = 0; i < r.what.targets.size(); ++i)
        r.targets.emplace_back(r.what.arrivals, 1);
    r.duration = r.what.arrivals.duration();
    return r;
}

// A second in which one of everything happened, in the given stage.
report_block a_second(std::size_t row, std::size_t stage) {
    report_block b;
    b.row = row;
    b.ends = std::chrono::seconds(row + 1);
    b.in_flight = 3;
    b.connections = 8;
    b.counts = std::make_unique<interval>();
    auto& s = b.counts->of(stage);
    s.counts.offered = 120;
    s.counts.sent = 110;
    for (const unsigned status : {101U, 200U, 201U, 299U, 302U, 404U, 500U, 503U, 520U, 999U}) {
        s.counts.add(classify(status, std::nullopt));
        ++s.counts.statuses[status];
        ++s.counts.completed;
        if (classify(status, std::nullopt) == outcome::ok) {
            ++s.counts.good_statuses[status];
            s.times.response.record(20ms);
            s.times.service.record(15ms);
        } else {
            s.times.failed.record(2ms);
        }
    }
    for (const auto what : {outcome::timeout, outcome::connect_error, outcome::reset, outcome::protocol_error,
                            outcome::skipped, outcome::unfinished})
        s.counts.add(what);
    s.times.response.record(1200ms); // the timeout
    s.times.timed_out.record(1200ms);
    s.times.service.record(1000ms);
    s.times.generator_lag.record_n(30us, 110);
    s.times.connection_wait.record_n(40ms, 110);
    return b;
}

using samples = std::map<std::string, double>;

std::string key_of(const std::string& name, const prometheus::ClientMetric& metric,
                   const std::string& more = "") {
    std::string labels;
    for (const auto& l : metric.label)
        labels += (labels.empty() ? "" : ",") + l.name + "=" + l.value;
    return name + "{" + labels + (more.empty() || labels.empty() ? more : "," + more) + "}";
}

samples flat(const std::vector<prometheus::MetricFamily>& families) {
    samples all;
    const auto put = [&](const std::string& key, double value) {
        EXPECT_TRUE(all.emplace(key, value).second) << "twice: " << key;
    };
    for (const auto& f : families) {
        for (const auto& m : f.metric) {
            if (f.type == prometheus::MetricType::Histogram) {
                for (const auto& b : m.histogram.bucket)
                    put(key_of(f.name + "_bucket", m, "le=" + std::to_string(b.upper_bound)),
                        static_cast<double>(b.cumulative_count));
                put(key_of(f.name + "_count", m), static_cast<double>(m.histogram.sample_count));
                put(key_of(f.name + "_sum", m), m.histogram.sample_sum);
                EXPECT_EQ(m.histogram.sample_count, m.histogram.bucket.back().cumulative_count) << f.name;
            } else {
                put(key_of(f.name, m),
                    f.type == prometheus::MetricType::Counter ? m.counter.value : m.gauge.value);
            }
        }
    }
    return all;
}

std::set<std::string> keys_of(const samples& all) {
    std::set<std::string> keys;
    for (const auto& [key, value] : all)
        keys.insert(key);
    return keys;
}

TEST(live_metrics, every_series_is_there_at_0_from_the_start) {
    auto record = record_of(two_stages({"cpp", "go"}));
    live_metrics live(record.what, "GET");
    const auto at_first = flat(live.Collect());
    for (const auto& [key, value] : at_first)
        EXPECT_EQ(value, 0) << key;
    EXPECT_THAT(at_first, Contains(Key("loadgen_requests_total{target=go,outcome=http_5xx,code=503}")));
    for (std::size_t row = 0; row < 3; ++row)
        for (auto& t : record.targets)
            t.take(a_second(row, row == 0 ? 0 : 1));
    live.tick(record, 3s);
    const auto at_last = flat(live.Collect());
    EXPECT_NE(at_first, at_last);
    EXPECT_EQ(keys_of(at_first), keys_of(at_last));
}

TEST(live_metrics, totals_are_those_of_what_was_recorded) {
    auto record = record_of(two_stages({"cpp"}));
    live_metrics live(record.what, "GET");
    record.targets[0].take(a_second(0, 0));
    record.targets[0].take(a_second(1, 1));
    live.tick(record, 2s);
    const auto now = flat(live.Collect());
    EXPECT_EQ(now.at("loadgen_requests_total{target=cpp,outcome=ok,code=200}"), 2);
    EXPECT_EQ(now.at("loadgen_requests_total{target=cpp,outcome=ok,code=other}"), 2);
    EXPECT_EQ(now.at("loadgen_requests_total{target=cpp,outcome=timeout,code=}"), 2);
    EXPECT_EQ(now.at("loadgen_requests_total{target=cpp,outcome=unfinished,code=}"), 2);
    double ended = 0;
    for (const auto& [key, value] : now)
        ended += key.starts_with("loadgen_requests_total{") ? value : 0;
    EXPECT_EQ(ended, static_cast<double>(record.targets[0].total().counts.settled()));

    const std::string response = "loadgen_response_time_seconds";
    EXPECT_EQ(now.at(response + "_count{target=cpp,outcome=ok}"), 6); // without the timeouts
    EXPECT_NEAR(now.at(response + "_sum{target=cpp,outcome=ok}"), 0.12, 1e-9);
    EXPECT_EQ(now.at(response + "_bucket{target=cpp,outcome=ok,le=0.017800}"), 0);
    EXPECT_EQ(now.at(response + "_bucket{target=cpp,outcome=ok,le=0.022400}"), 6);
    EXPECT_EQ(now.at(response + "_count{target=cpp,outcome=timeout}"), 2);
    EXPECT_NEAR(now.at(response + "_sum{target=cpp,outcome=timeout}"), 2.4, 1e-9);
    EXPECT_EQ(now.at(response + "_count{target=cpp,outcome=failed}"), 14);
    EXPECT_EQ(now.at("http_client_request_duration_seconds_count{target=cpp,http_request_method=GET}"), 8);
    EXPECT_EQ(now.at("loadgen_schedule_lag_seconds_count{target=cpp}"), 220);
    EXPECT_EQ(now.at("loadgen_schedule_lag_seconds_bucket{target=cpp,le=0.000028}"), 0);
    EXPECT_EQ(now.at("loadgen_schedule_lag_seconds_bucket{target=cpp,le=0.000032}"), 220);
    EXPECT_NEAR(now.at("loadgen_connection_wait_seconds_sum{target=cpp}"), 8.8, 1e-9);
}

TEST(live_metrics, levels_are_those_of_the_last_closed_second) {
    auto record = record_of(two_stages({"cpp", "go"}));
    live_metrics live(record.what, "GET");
    auto second = a_second(0, 0);
    second.ends = 500ms;
    record.targets[0].take(second);
    auto stalled = a_second(0, 0);
    stalled.counts->of(0).times.generator_lag.record_n(300ms, 1000);
    stalled.evidence = {.cpu = 999ms, .run_delay = {}, .stall = 300ms, .retransmitted = 0};
    record.targets[1].take(stalled);
    live.tick(record, 1s);
    const auto now = flat(live.Collect());
    EXPECT_EQ(now.at("loadgen_offered_rps{target=cpp}"), 240);
    EXPECT_EQ(now.at("loadgen_in_flight{target=cpp}"), 3);
    EXPECT_EQ(now.at("loadgen_connections{target=cpp,state=busy}"), 3);
    EXPECT_EQ(now.at("loadgen_connections{target=cpp,state=idle}"), 5);
    EXPECT_EQ(now.at("loadgen_connections{target=cpp,state=down}"), 2);
    EXPECT_EQ(now.at("loadgen_stage{target=cpp}"), 1); // the second one has begun
    ASSERT_FALSE(believable(record.targets[1].rows().back().judged.is));
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string name = i == 0 ? "cpp" : "go";
        for (const auto v :
             {verdict::valid, verdict::server_saturated, verdict::generator_limited, verdict::disturbed})
            EXPECT_EQ(now.at("loadgen_window{target=" + name + ",verdict=" + std::string(name_of(v)) + "}"),
                      record.targets[i].rows().back().judged.is == v ? 1 : 0);
    }
}

bool counts_up(const std::string& key) {
    for (const char* const suffix : {"_total{", "_bucket{", "_count{", "_sum{"})
        if (key.find(suffix) != std::string::npos)
            return true;
    return false;
}

TEST(live_metrics, nothing_counted_ever_falls) {
    auto record = record_of(two_stages({"cpp"}));
    live_metrics live(record.what, "GET");
    auto before = flat(live.Collect());
    for (std::size_t row = 0; row < 20; ++row) {
        // Late answers of the first stage among those of the second, and seconds without anything.
        auto block = a_second(row, row % 3 == 0 ? 0 : 1);
        if (row % 5 == 4)
            block.counts->reset();
        record.targets[0].take(block);
        live.tick(record, std::chrono::seconds(row + 1));
        const auto now = flat(live.Collect());
        for (const auto& [key, value] : now) {
            if (counts_up(key)) {
                EXPECT_GE(value, before.at(key)) << key << " in second " << row;
            }
        }
        before = now;
    }
    EXPECT_EQ(before.at("loadgen_requests_total{target=cpp,outcome=ok,code=200}"), 16);
}

// 104 days of waiting, all requests together, are more nanoseconds than a double tells apart.
TEST(live_metrics, a_sum_does_not_fall_for_being_rounded) {
    auto record = record_of(two_stages({"cpp"}));
    live_metrics live(record.what, "GET");
    double before = 0;
    for (std::size_t row = 0; row < 50; ++row) {
        report_block block;
        block.row = row;
        block.ends = std::chrono::seconds(row + 1);
        block.counts = std::make_unique<interval>();
        auto& s = block.counts->of(row == 0 ? 0 : 1);
        s.counts.add(outcome::timeout);
        const std::uint64_t timeouts = row == 0 ? 1'000'000'000 : 1;
        s.times.response.record_n(100s + 4'999ns, timeouts);
        s.times.timed_out.record_n(100s + 4'999ns, timeouts);
        if (row == 1)
            s.times.response.record(10us); // ok
        record.targets[0].take(block);
        live.tick(record, block.ends);
        const auto sum = flat(live.Collect()).at("loadgen_response_time_seconds_sum{target=cpp,outcome=ok}");
        EXPECT_GE(sum, before) << "in second " << row;
        before = sum;
    }
    EXPECT_GT(before, 0);
}

TEST(live_metrics, a_warm_up_is_told_like_the_rest) {
    run_record record{.what = two_stages({"cpp"})};
    record.what.warmup = 1s;
    record.targets.emplace_back(record.what.arrivals, 1, record.what.warmup);
    record.duration = record.what.arrivals.duration();
    live_metrics live(record.what, "GET");
    record.targets[0].take(a_second(0, 0));
    record.targets[0].take(a_second(1, 1));
    live.finish(record);
    const auto now = flat(live.Collect());
    EXPECT_EQ(now.at("loadgen_requests_total{target=cpp,outcome=ok,code=200}"), 2);
    EXPECT_EQ(now.at("loadgen_schedule_lag_seconds_count{target=cpp}"), 220);
    EXPECT_EQ(record.targets[0].total().counts.statuses[200], 1U); // of result.json
}

TEST(live_metrics, the_snapshot_is_renewed_when_a_second_closes_and_at_the_end) {
    auto record = record_of(two_stages({"cpp"}));
    live_metrics live(record.what, "GET");
    const std::string ok = "loadgen_requests_total{target=cpp,outcome=ok,code=200}";
    record.targets[0].take(a_second(0, 0));
    live.tick(record, 1s);
    EXPECT_EQ(flat(live.Collect()).at(ok), 1);
    auto after = a_second(2, 1); // the second before it is still open
    record.targets[0].take(after);
    live.tick(record, 2s);
    EXPECT_EQ(flat(live.Collect()).at(ok), 1);
    live.finish(record);
    const auto end = flat(live.Collect());
    EXPECT_EQ(end.at(ok), 2);
    EXPECT_EQ(end.at("loadgen_offered_rps{target=cpp}"), 0);
    EXPECT_EQ(end.at("loadgen_in_flight{target=cpp}"), 0);
    EXPECT_EQ(end.at("loadgen_connections{target=cpp,state=idle}"), 0);
    EXPECT_EQ(end.at("loadgen_stage{target=cpp}"), 1);
    double judged = 0;
    for (const auto& [key, value] : end)
        judged += key.starts_with("loadgen_window{") ? value : 0;
    EXPECT_EQ(judged, 1);
}

TEST(live_metrics, no_label_comes_from_input_but_the_targets_name) {
    auto record = record_of(two_stages({"cpp"}));
    const live_metrics live(record.what, "BREW-\"COFFEE\"");
    EXPECT_THAT(
        flat(live.Collect()),
        Contains(Key("http_client_request_duration_seconds_count{target=cpp,http_request_method=_OTHER}")));
}

// --- docs/design.md section 3 ----------------------------------------------------------------------------

using label_names = std::set<std::string>;

// Metrics in the table's row: `name{label,label}` between backquotes.
std::map<std::string, label_names> row_of_the_table(const std::string& who) {
    std::ifstream file(BEASTMARK_SOURCE_DIR "/docs/design.md");
    std::map<std::string, label_names> metrics;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| " + who + " | `"))
            continue;
        std::istringstream cells(line);
        std::string piece;
        for (bool quoted = false; std::getline(cells, piece, '`'); quoted = !quoted) {
            const auto brace = piece.find('{');
            if (!quoted || piece.find('_') == std::string::npos)
                continue;
            auto& labels = metrics[piece.substr(0, brace)];
            if (brace == std::string::npos)
                continue;
            std::istringstream inside(piece.substr(brace + 1, piece.size() - brace - 2));
            for (std::string label; std::getline(inside, label, ',');)
                labels.insert(label);
        }
    }
    return metrics;
}

std::map<std::string, label_names> exported(const std::vector<prometheus::MetricFamily>& families) {
    std::map<std::string, label_names> all;
    for (const auto& f : families) {
        auto& labels = all[f.name];
        EXPECT_FALSE(f.help.empty()) << f.name;
        EXPECT_EQ(f.help.find('\n'), std::string::npos) << f.name;
        for (const auto& m : f.metric)
            for (const auto& l : m.label)
                labels.insert(l.name);
    }
    return all;
}

TEST(live_metrics, names_and_labels_are_those_of_the_design) {
    auto record = record_of(two_stages({"cpp"}));
    const live_metrics live(record.what, "GET");
    const auto designed = row_of_the_table("loadgen");
    EXPECT_GE(designed.size(), 11U);
    EXPECT_EQ(exported(live.Collect()), designed);
}

TEST(live_metrics, what_every_program_tells_of_itself_is_in_the_design) {
    auto told = exported(process_collector().Collect());
    told["beastmark_build_info"].clear(); // the table leaves its labels out
    EXPECT_EQ(told, row_of_the_table("all"));
}

} // namespace
} // namespace beastmark::loadgen
