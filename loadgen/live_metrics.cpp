#include "loadgen/live_metrics.hpp"

#include "common/metrics.hpp"
#include "common/prometheus_family.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace {

using prometheus::MetricType;

// The methods that OpenTelemetry's conventions know; another is _OTHER.
constexpr std::array<std::string_view, 9> methods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                  "CONNECT", "OPTIONS", "TRACE", "PATCH"};

constexpr std::array verdicts{verdict::valid, verdict::server_saturated, verdict::generator_limited,
                              verdict::disturbed};

double offered_rps(const row& r) {
    return static_cast<double>(r.offered) / std::max(std::chrono::duration<double>(r.length).count(), 1e-3);
}

// Of each request: those of all targets are the same.
std::vector<std::optional<unsigned>> expectations_of(const plan& what) {
    const auto& requests = what.targets.front().requests;
    if (!requests.told_apart())
        return {what.expected_status};
    std::vector<std::optional<unsigned>> all;
    for (std::uint32_t i = 0; i < requests.size(); ++i)
        all.push_back(requests.expected(i));
    return all;
}

std::size_t stage_at(const run_record& record, run_time now) {
    const auto last = record.duration - run_time(1);
    return record.what.arrivals.segment_at(std::clamp(now, run_time{}, std::max(last, run_time{})));
}

} // namespace

live_metrics::growing::growing()
    : response(bounds_from_100us()),
      timed_out(bounds_from_100us()),
      failed(bounds_from_100us()),
      service(bounds_from_100us()),
      generator_lag(bounds_from_10us()),
      connection_wait(bounds_from_10us()) {}

live_metrics::live_metrics(const plan& what, std::string_view method)
    : method_(std::find(methods.begin(), methods.end(), method) != methods.end() ? method : "_OTHER"),
      connections_(what.rules.automatic ? 0 : what.connections),
      series_(expectations_of(what), what.expected_body.has_value()),
      closed_loop_(what.arrivals.closed_loop()),
      growing_(what.targets.size()) {
    snapshot empty(what.targets.size());
    for (std::size_t i = 0; i < what.targets.size(); ++i) {
        names_.push_back(what.targets[i].name);
        take_totals({}, growing_[i], empty[i]);
    }
    show(std::move(empty));
}

void live_metrics::tick(const run_record& record, run_time now) {
    std::size_t rows = 0;
    for (const auto& t : record.targets)
        rows += t.rows().size();
    if (rows == rows_seen_)
        return;
    rows_seen_ = rows;
    snapshot fresh(record.targets.size());
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        const auto& from = record.targets[i];
        auto& shown = fresh[i];
        take_totals(from.stages(), growing_[i], shown);
        shown.stage = stage_at(record, now);
        if (from.rows().empty())
            continue;
        const auto& second = from.rows().back();
        shown.offered_rps = offered_rps(second);
        shown.busy = second.in_flight;
        shown.idle = second.connections - std::min(second.connections, second.in_flight);
        shown.down = connections_ - std::min<std::uint64_t>(connections_, second.connections);
        shown.window = second.judged.is;
    }
    show(std::move(fresh));
}

void live_metrics::finish(const run_record& record) {
    snapshot fresh(record.targets.size());
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        const auto& from = record.targets[i];
        take_totals(from.stages(), growing_[i], fresh[i]);
        fresh[i].stage = stage_at(record, record.duration);
        if (!from.rows().empty())
            fresh[i].window = from.rows().back().judged.is;
    }
    show(std::move(fresh));
}

void live_metrics::take_totals(std::span<const stage_record> stages, growing& into,
                               shown_target& shown) const {
    shown.requests.resize(series_.series().size());
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const auto& stage = stages[i];
        if (stage.counts.settled() == 0 && stage.counts.sent == 0)
            continue; // to come
        series_.add(stage.counts, shown.requests);
        into.response.take(i, stage.times.response);
        into.timed_out.take(i, stage.times.timed_out);
        into.failed.take(i, stage.times.failed);
        into.service.take(i, stage.times.service);
        into.generator_lag.take(i, stage.times.generator_lag);
        into.connection_wait.take(i, stage.times.connection_wait);
    }
    shown.ok = into.response.sum();
    shown.timed_out = into.timed_out.sum();
    shown.ok.subtract(shown.timed_out);
    // Prometheus takes the least step back for a restart.
    into.ok_sum_ns = shown.ok.sum_ns = std::max(shown.ok.sum_ns, into.ok_sum_ns);
    shown.failed = into.failed.sum();
    shown.service = into.service.sum();
    shown.generator_lag = into.generator_lag.sum();
    shown.connection_wait = into.connection_wait.sum();
}

void live_metrics::show(snapshot fresh) {
    auto next = std::make_shared<const snapshot>(std::move(fresh));
    const std::lock_guard lock(mutex_);
    shown_.swap(next); // the one before is freed after the lock
}

std::vector<prometheus::MetricFamily> live_metrics::Collect() const {
    std::shared_ptr<const snapshot> now;
    {
        const std::lock_guard lock(mutex_);
        now = shown_;
    }
    std::vector<prometheus::MetricFamily> families;
    add_histograms(*now, families);
    add_gauges(*now, families);
    return families;
}

void live_metrics::add_histograms(const snapshot& now,
                                  std::vector<prometheus::MetricFamily>& families) const {
    const std::string from =
        closed_loop_ ? "From the first byte sent (closed loop: understates)" : "From the scheduled arrival";
    auto response =
        make_family("loadgen_response_time_seconds",
                    from + " to the end, by outcome: ok; timeout (at its expiry: the true time is "
                           "longer); failed (unwanted answer, reset, protocol error).",
                    MetricType::Histogram);
    auto service =
        make_family("http_client_request_duration_seconds",
                    "Service time: from the first byte sent to the end, of ok answers and of timeouts "
                    "(at their expiry).",
                    MetricType::Histogram);
    auto lag = make_family("loadgen_schedule_lag_seconds",
                           "How late loadgen itself sent a request although a connection was free.",
                           MetricType::Histogram);
    auto wait = make_family("loadgen_connection_wait_seconds",
                            "How long a request that was sent waited for a free connection before.",
                            MetricType::Histogram);
    for (std::size_t i = 0; i < now.size(); ++i) {
        const auto& name = names_[i];
        const auto& t = now[i];
        const auto coarse = bounds_from_100us();
        const auto fine = bounds_from_10us();
        add_metric(response, {{"target", name}, {"outcome", "ok"}}).histogram = to_prometheus(coarse, t.ok);
        add_metric(response, {{"target", name}, {"outcome", "timeout"}}).histogram =
            to_prometheus(coarse, t.timed_out);
        add_metric(response, {{"target", name}, {"outcome", "failed"}}).histogram =
            to_prometheus(coarse, t.failed);
        add_metric(service, {{"target", name}, {"http_request_method", method_}}).histogram =
            to_prometheus(coarse, t.service);
        add_metric(lag, {{"target", name}}).histogram = to_prometheus(fine, t.generator_lag);
        add_metric(wait, {{"target", name}}).histogram = to_prometheus(fine, t.connection_wait);
    }
    for (auto* const family : {&response, &service, &lag, &wait})
        families.push_back(std::move(*family));
}

void live_metrics::add_gauges(const snapshot& now, std::vector<prometheus::MetricFamily>& families) const {
    auto requests = make_family("loadgen_requests_total",
                                "Requests that ended, by outcome and, where an answer decided it, status.",
                                MetricType::Counter);
    auto offered =
        make_family("loadgen_offered_rps", "Arrivals of this process in the last whole second, per second.",
                    MetricType::Gauge);
    auto in_flight = make_family("loadgen_in_flight", "Requests sent and not ended.", MetricType::Gauge);
    auto connections =
        make_family("loadgen_connections",
                    "Connections: idle, busy, or down (being made, or to be made again).", MetricType::Gauge);
    auto window =
        make_family("loadgen_window", "1: the verdict on the last whole second.", MetricType::Gauge);
    auto stage = make_family(
        "loadgen_stage", "Stage under way, from 0; each step of a staircase is a stage, as in result.json.",
        MetricType::Gauge);
    for (std::size_t i = 0; i < now.size(); ++i) {
        const metric_label target{"target", names_[i]};
        const auto& t = now[i];
        for (std::size_t k = 0; k < t.requests.size(); ++k) {
            const auto& s = series_.series()[k];
            add_metric(
                requests,
                {target, {"outcome", outcome_names[static_cast<std::size_t>(s.what)]}, {"code", s.code}})
                .counter.value = static_cast<double>(t.requests[k]);
        }
        add_metric(offered, {target}).gauge.value = t.offered_rps;
        add_metric(in_flight, {target}).gauge.value = static_cast<double>(t.busy);
        add_metric(connections, {target, {"state", "idle"}}).gauge.value = static_cast<double>(t.idle);
        add_metric(connections, {target, {"state", "busy"}}).gauge.value = static_cast<double>(t.busy);
        add_metric(connections, {target, {"state", "down"}}).gauge.value = static_cast<double>(t.down);
        for (const auto v : verdicts)
            add_metric(window, {target, {"verdict", name_of(v)}}).gauge.value = t.window == v ? 1 : 0;
        add_metric(stage, {target}).gauge.value = static_cast<double>(t.stage);
    }
    for (auto* const family : {&requests, &offered, &in_flight, &connections, &window, &stage})
        families.push_back(std::move(*family));
    families.push_back(
        single_gauge("loadgen_shard_skew_seconds",
                     "How far this shard's clock is ahead of shard 0's, as its barrier found; 0 "
                     "of shard 0, and without a barrier.",
                     skew_s_));
}

} // namespace beastmark::loadgen
