#include "loadgen/result.hpp"

#include "common/cgroup.hpp"
#include "common/histogram_encoding.hpp"
#include "common/percentile_spectrum.hpp"
#include "common/version.hpp"
#include "loadgen/address_output.hpp"
#include "loadgen/manifest.hpp"
#include "loadgen/paired/steady.hpp"
#include "loadgen/request_output.hpp"
#include "loadgen/secrets.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <system_error>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

json number_or_null(bool there, double value) {
    return there ? json(value) : json(nullptr);
}

json spectrum_json(const histogram& h) {
    json points = json::array();
    for (const auto& p : percentile_spectrum(h))
        points.push_back({p.percentile(), static_cast<double>(p.value_ns) / 1000.0});
    return points;
}

json latencies_json(const latencies& times, bool with_histograms) {
    json all = json::object();
    for (const auto& kind : latency_kinds) {
        const auto& h = times.*kind.member;
        auto& one = all[std::string(kind.name)] = latency_json(figures_of(h));
        if (!with_histograms || h.count() == 0)
            continue;
        one["hdr"] = encode_v2(h);
        if (kind.name == "response" || kind.name == "service")
            one["spectrum"] = spectrum_json(h);
    }
    return all;
}

json judgement_json(const summary_judgement& j) {
    return {{"verdict", name_of(j.what.is)},
            {"cause", name_of(j.what.because)},
            {"believable", j.believable()},
            {"believable_s", j.believable_s},
            {"measured_s", j.measured_s}};
}

json evidence_json(const window_evidence& w) {
    return {{"thread_cpu_share", w.thread_cpu_share}, {"run_delay_share", w.run_delay_share},
            {"stall_max_us", w.stall_max_us},         {"throttled_share", w.machine.throttled_share},
            {"steal_share", w.machine.steal_share},   {"retransmitted", w.retransmitted}};
}

// `length`: of the arrivals; `ok` in `answered_in`: what achieved_rps is made of.
json totals_json(const tally& t, double length_s, std::uint64_t ok, double answered_in_s) {
    json outcomes = json::object();
    for (std::size_t i = 0; i < outcome_count; ++i)
        outcomes[std::string(outcome_names[i])] = t.outcomes[i];
    json statuses = json::object();
    for (std::size_t i = 0; i < tally::status_count; ++i)
        if (t.statuses[i] > 0)
            statuses[std::to_string(i)] = t.statuses[i];
    json errors = json::object();
    for (const auto& e : t.errors) {
        auto& count = errors[describe(e.where, e.code)];
        count = (count.is_null() ? 0 : count.get<std::uint64_t>()) + e.count;
    }
    const auto availability = t.availability();
    return {{"offered", t.offered},
            {"sent", t.sent},
            {"completed", t.completed},
            {"bytes_in", t.bytes_in},
            {"bytes_out", t.bytes_out},
            {"offered_rps", length_s > 0 ? static_cast<double>(t.offered) / length_s : 0.0},
            {"achieved_rps", answered_in_s > 0 ? static_cast<double>(ok) / answered_in_s : 0.0},
            {"availability", number_or_null(availability.has_value(), availability.value_or(0))},
            {"outcomes", std::move(outcomes)},
            {"statuses", std::move(statuses)},
            {"errors", std::move(errors)}};
}

json row_latency_json(const latency_figures& f) {
    const auto there = f.count > 0;
    return {{"count", f.count},
            {"p50_us", number_or_null(there, f.p50_us)},
            {"p99_us", number_or_null(there, f.p99_us)},
            {"p999_us", number_or_null(there, f.p999_us)},
            {"max_us", number_or_null(there, f.max_us)}};
}

json response_json(const row& r) {
    auto response = row_latency_json(r.response);
    auto& buckets = response["buckets"] = json::array();
    for (const auto& b : r.response_buckets)
        buckets.push_back({b.bucket, b.count});
    return response;
}

json stages_json(const run_record& record, std::size_t target) {
    const auto& t = record.targets[target];
    json stages = json::array();
    const auto segments = arrivals_of(record.what, target).segments();
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const auto& s = segments[i];
        if (s.start >= record.duration)
            break;
        const auto length = in_seconds(std::min(s.end, record.duration) - s.start);
        const auto& stage = t.stages()[i];
        auto totals = totals_json(stage.counts, length, stage.ok_in_time, length);
        if (const auto seen = t.availability_between(s.start, s.end))
            totals["availability"] = *seen;
        stages.push_back(
            {{"index", i},
             {"kind", name_of(s.kind)},
             {"warmup", s.end <= record.what.warmup},
             {"start_s", in_seconds(s.start)},
             {"end_s", in_seconds(s.end)},
             {"from_rps", s.from_rps},
             {"to_rps", s.to_rps},
             {"complete", record.duration >= s.end},
             {"totals", std::move(totals)},
             {"validity", judgement_json(t.judged_between(s.start, std::min(s.end, record.duration)))},
             {"latency", latencies_json(stage.times, false)}});
    }
    return stages;
}

json target_json(const run_record& record, std::size_t index, const run_options& options) {
    const auto& t = record.targets[index];
    const auto& total = t.total();
    json timeline = json::array();
    for (std::size_t i = 0; i < t.rows().size(); ++i)
        timeline.push_back(row_json(t.rows()[i], t.windows()[i]));
    auto validity = judgement_json(record.judged(index));
    validity["text"] = t.headline_until(record.duration);
    json all{{"url", record.what.targets[index].where.text},
             {"method", options.method},
             {"totals", totals_json(total.counts, in_seconds(record.measured()), total.counts.of(outcome::ok),
                                    in_seconds(record.answered_in()))},
             {"validity", std::move(validity)},
             {"latency", latencies_json(total.times, true)},
             {"latency_believable", latencies_json(t.believable(), false)},
             {"stages", stages_json(record, index)},
             {"timeline", std::move(timeline)}};
    if (record.what.rules.automatic)
        all["connections_reached"] = t.connections_reached();
    if (const auto& asked = record.what.targets[index].requests; asked.told_apart())
        all["requests"] = requests_json(asked, t.requests());
    if (auto addresses = addresses_json(t.addresses()); !addresses.is_null())
        all["addresses"] = std::move(addresses);
    return all;
}

json run_json(const run_record& record, const run_options& options, int exit_code) {
    json stopped = nullptr;
    if (record.stopped)
        stopped = {{"target", record.what.targets[record.stopped->target].name},
                   {"condition", options.stop_when->text()},
                   {"at_s", in_seconds(record.stopped->at)}};
    return {{"name", options.name},
            {"started_at", utc_text(record.started_at)},
            {"ended_at", utc_text(record.ended_at)},
            {"duration_s", in_seconds(record.duration)},
            {"planned_duration_s", in_seconds(record.what.arrivals.duration())},
            {"interrupted", record.signal != 0},
            {"stopped", std::move(stopped)},
            {"exit_code", exit_code}};
}

json clients_json(const client_steps& clients) {
    if (clients.last == 0)
        return nullptr;
    return {{"first", clients.first}, {"last", clients.last}, {"step_every_s", in_seconds(clients.every)}};
}

} // namespace

json config_json(const plan& what, const run_options& options) {
    json stages = json::array();
    for (const auto& s : options.stages)
        stages.push_back({{"kind", name_of(s.kind)},
                          {"duration_s", in_seconds(s.duration)},
                          {"from_rps", s.from_rps},
                          {"to_rps", s.to_rps},
                          {"steps", s.steps}});
    const auto closed = what.arrivals.closed_loop();
    return {
        {"loop", loop_name(what)},
        {"arrivals", closed ? json(nullptr) : json(name_of(what.arrivals.arrivals()))},
        {"shard", {{"index", options.share.index}, {"of", options.share.of}}},
        {"threads", what.threads},
        {"connections", what.connections},
        {"protocol", what.version == http_version::http_2 ? "HTTP/2" : "HTTP/1.1"},
        {"streams", what.streams},
        {"connections_auto", what.rules.automatic},
        {"keepalive", what.rules.keep_alive},
        {"requests_per_connection", what.rules.requests > 0 ? json(what.rules.requests) : json(nullptr)},
        {"timeout_s", in_seconds(what.timeout)},
        {"dns_ttl_s", number_or_null(what.dns_ttl.count() > 0, in_seconds(what.dns_ttl))},
        {"warmup_s", in_seconds(what.warmup)},
        {"on_late", options.skip_after ? "skip" : "send"},
        {"late_after_s", options.skip_after ? json(in_seconds(*options.skip_after)) : json(nullptr)},
        {"clients", clients_json(options.clients)},
        {"think_s", in_seconds(options.clients.think)},
        {"spin", options.spin},
        {"method", options.method},
        {"requests", asked_json(options)},
        {"replay", replay_json(options)},
        {"expect_status", options.expected_status ? json(*options.expected_status) : json(nullptr)},
        {"expect_body_contains", options.expected_body ? json(options.expected_body->text()) : json(nullptr)},
        {"seed", options.arrivals.seed},
        {"pair", options.pair ? json(name_of(options.pair->kind)) : json(nullptr)},
        {"stop_when", options.stop_when ? json(options.stop_when->text()) : json(nullptr)},
        {"stages", std::move(stages)}};
}

json latency_json(const latency_figures& f) {
    const auto there = f.count > 0;
    return {{"count", f.count},
            {"min_us", number_or_null(there, f.min_us)},
            {"mean_us", number_or_null(there, f.mean_us)},
            {"p50_us", number_or_null(there, f.p50_us)},
            {"p75_us", number_or_null(there, f.p75_us)},
            {"p90_us", number_or_null(there, f.p90_us)},
            {"p95_us", number_or_null(there, f.p95_us)},
            {"p99_us", number_or_null(there, f.p99_us)},
            {"p999_us", number_or_null(there, f.p999_us)},
            {"p9999_us", number_or_null(there, f.p9999_us)},
            {"max_us", number_or_null(there, f.max_us)}};
}

json row_json(const row& r, const window_evidence& evidence) {
    json outcomes = json::object();
    for (std::size_t i = 0; i < outcome_count; ++i)
        if (r.outcomes[i] > 0)
            outcomes[std::string(outcome_names[i])] = r.outcomes[i];
    return {{"t_s", in_seconds(r.ends)},
            {"offered", r.offered},
            {"sent", r.sent},
            {"completed", r.completed},
            {"outcomes", std::move(outcomes)},
            {"availability", number_or_null(r.availability.has_value(), r.availability.value_or(0))},
            {"in_flight", r.in_flight},
            {"connections", r.connections},
            {"waiting", r.waiting},
            {"response", response_json(r)},
            {"failed", row_latency_json(r.failed)},
            {"service", row_latency_json(r.service)},
            {"generator_lag", row_latency_json(r.generator_lag)},
            {"connection_wait", row_latency_json(r.connection_wait)},
            {"verdict", name_of(r.judged.is)},
            {"cause", name_of(r.judged.because)},
            {"evidence", evidence_json(evidence)}};
}

json make_result(const run_record& record, const run_options& options, int exit_code) {
    const auto quota = cgroup().cpu_limit_cores();
    const auto argv = without_secrets(options.argv, options.headers);
    std::error_code ignored; // the folder may be gone
    json targets = json::object();
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        targets[record.what.targets[i].name] = target_json(record, i, options);
    json result{{"schema", "loadgen.result/1"},
                {"tool", {{"name", "loadgen"}, {"version", version()}, {"revision", revision()}}},
                {"run", run_json(record, options, exit_code)},
                {"manifest",
                 {{"argv", argv},
                  {"command", shell_command(argv)},
                  {"directory", std::filesystem::current_path(ignored).string()},
                  {"host", describe_host()},
                  {"placement", json::array()},
                  {"cpu_quota_cores", number_or_null(quota.has_value(), quota.value_or(0))},
                  {"labels", options.labels}}},
                {"config", config_json(record.what, options)},
                {"targets", std::move(targets)},
                {"slo", json::array()},
                {"watched", json::object()},
                {"scraped", json::object()}};
    if (!takes_turns(options)) // turns are too short to be judged alone
        paired::add_steady_state(result);
    return result;
}

json slos_json(std::span<const slo_result> objectives) {
    json all = json::array();
    for (const auto& r : objectives)
        all.push_back({{"slo", r.text},
                       {"target", r.target},
                       {"metric", name_of(r.what)},
                       {"value", number_or_null(r.value.has_value(), r.value.value_or(0))},
                       {"bound", number_or_null(r.bound.has_value(), r.bound.value_or(0))},
                       {"censored", r.censored},
                       {"pass", r.pass}});
    return all;
}

std::string utc_text(std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                       ms % 1000);
}

} // namespace beastmark::loadgen
