#include "loadgen/interop/k6_summary.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace beastmark::loadgen::interop {

namespace {

using nlohmann::json;

double in_ms(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

json metric_json(const char* type, const char* contains, json values) {
    return {{"type", type}, {"contains", contains}, {"values", std::move(values)}};
}

json trend(const histogram& times) {
    return metric_json("trend", "time",
                       {{"avg", times.mean_ns() / 1e6},
                        {"min", in_ms(times.min())},
                        {"med", in_ms(times.value_at_percentile(50))},
                        {"max", in_ms(times.max())},
                        {"p(90)", in_ms(times.value_at_percentile(90))},
                        {"p(95)", in_ms(times.value_at_percentile(95))},
                        {"p(99)", in_ms(times.value_at_percentile(99))},
                        {"p(99.9)", in_ms(times.value_at_percentile(99.9))},
                        {"count", times.count()}});
}

json counter(const char* contains, std::uint64_t count, double seconds) {
    return metric_json(
        "counter", contains,
        {{"count", count}, {"rate", seconds > 0 ? static_cast<double>(count) / seconds : 0.0}});
}

// "passes" are the requests of which it is true that they failed.
json failed_rate(std::uint64_t failed, std::uint64_t all) {
    return metric_json("rate", "default",
                       {{"rate", all > 0 ? static_cast<double>(failed) / static_cast<double>(all) : 0.0},
                        {"passes", failed},
                        {"fails", all - failed}});
}

json gauge(std::uint64_t value) {
    return metric_json("gauge", "default", {{"value", value}, {"min", value}, {"max", value}});
}

struct sums {
    tally counts;
    latencies times;
};

// What ended, one way or the other: k6 does not know of requests that were never sent.
std::uint64_t requests_of(const tally& counts) {
    return counts.settled() - counts.of(outcome::skipped) - counts.of(outcome::unfinished);
}

// A trend without a value is left out, as k6 does. `tags`: "" or "{target:NAME}".
void add_requests(json& metrics, const sums& of, double seconds, const std::string& tags) {
    const auto requests = requests_of(of.counts);
    const std::pair<const char*, const histogram&> trends[]{
        {"http_req_duration", of.times.service},          {"http_req_waiting", of.times.first_byte},
        {"http_req_blocked", of.times.connection_wait},   {"iteration_duration", of.times.response},
        {"loadgen_response_time", of.times.response},     {"loadgen_failed_time", of.times.failed},
        {"loadgen_generator_lag", of.times.generator_lag}};
    for (const auto& [name, times] : trends)
        if (times.count() > 0)
            metrics[name + tags] = trend(times);
    metrics["http_reqs" + tags] = counter("default", requests, seconds);
    metrics["http_req_failed" + tags] = failed_rate(requests - of.counts.of(outcome::ok), requests);
}

const char* metric_of(metric what) {
    switch (what) {
    case metric::availability:
    case metric::error_rate:
        return "http_req_failed";
    case metric::rps:
        return "http_reqs";
    default:
        return "loadgen_response_time";
    }
}

void add_thresholds(json& metrics, std::span<const slo_result> objectives, bool several) {
    for (const auto& objective : objectives) {
        const auto tags = several ? fmt::format("{{target:{}}}", objective.target) : "";
        auto& on = metrics[metric_of(objective.what) + tags];
        if (on.is_null())
            on = trend({}); // nothing was answered
        on["thresholds"][objective.text] = {{"ok", objective.pass}};
    }
}

json metrics_json(const run_record& record) {
    const auto seconds = std::chrono::duration<double>(record.answered_in()).count();
    const bool several = record.targets.size() > 1;
    sums all;
    json metrics;
    for (std::size_t i = 0; i < record.targets.size(); ++i) {
        const auto& total = record.targets[i].total();
        all.counts.merge(total.counts);
        all.times.merge(total.times);
        if (several) {
            sums one;
            one.counts.merge(total.counts);
            one.times.merge(total.times);
            add_requests(metrics, one, seconds, fmt::format("{{target:{}}}", record.what.targets[i].name));
        }
    }
    add_requests(metrics, all, seconds, "");
    metrics["iterations"] = counter("default", requests_of(all.counts), seconds);
    if (const auto skipped = all.counts.of(outcome::skipped); skipped > 0)
        metrics["dropped_iterations"] = counter("default", skipped, seconds);
    if (const auto unfinished = all.counts.of(outcome::unfinished); unfinished > 0)
        metrics["loadgen_unfinished"] = counter("default", unfinished, seconds);
    metrics["data_received"] = counter("data", all.counts.bytes_in, seconds);
    metrics["data_sent"] = counter("data", all.counts.bytes_out, seconds);
    metrics["vus"] = metrics["vus_max"] =
        gauge((record.what.rules.automatic ? record.connections_reached() : record.what.connections) *
              record.targets.size());
    return metrics;
}

} // namespace

json k6_summary(const run_record& record, std::span<const slo_result> objectives) {
    auto metrics = metrics_json(record);
    add_thresholds(metrics, objectives, record.targets.size() > 1);
    constexpr auto md5_of_nothing = "d41d8cd98f00b204e9800998ecf8427e"; // k6's id of the unnamed group
    return {
        {"root_group",
         {{"name", ""},
          {"path", ""},
          {"id", md5_of_nothing},
          {"groups", json::array()},
          {"checks", json::array()}}},
        {"options",
         {{"summaryTrendStats", {"avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "count"}},
          {"summaryTimeUnit", ""},
          {"noColor", false}}},
        {"state",
         {{"isStdOutTTY", false},
          {"isStdErrTTY", false},
          {"testRunDurationMs", in_ms(record.answered_in())}}},
        {"metrics", std::move(metrics)}};
}

json k6_summary_export(const json& summary) {
    json metrics = json::object();
    for (const auto& [name, each] : summary.at("metrics").items()) {
        auto values = each.at("values");
        if (each.at("type") == "rate") {
            values["value"] = values.at("rate");
            values.erase("rate");
        }
        if (each.contains("thresholds"))
            for (const auto& [text, judged] : each.at("thresholds").items())
                values["thresholds"][text] = !judged.at("ok").get<bool>();
        metrics[name] = std::move(values);
    }
    auto root = summary.at("root_group");
    root["groups"] = root["checks"] = json::object();
    return {{"metrics", std::move(metrics)}, {"root_group", std::move(root)}};
}

} // namespace beastmark::loadgen::interop
