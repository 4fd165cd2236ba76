#include "loadgen/run_arguments.hpp"

#include "common/cgroup.hpp"
#include "common/duration.hpp"
#include "common/histogram.hpp"
#include "common/number.hpp"
#include "loadgen/client_arguments.hpp"
#include "loadgen/connection_arguments.hpp"
#include "loadgen/efficiency/efficiency_arguments.hpp"
#include "loadgen/interop/exports.hpp"
#include "loadgen/metrics_endpoint.hpp"
#include "loadgen/paired/pair_arguments.hpp"
#include "loadgen/replay_arguments.hpp"
#include "loadgen/request_arguments.hpp"
#include "loadgen/shard_arguments.hpp"
#include "loadgen/slo.hpp"
#include "loadgen/stage_arguments.hpp"
#include "loadgen/tls/tls_arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

std::uint32_t read_threads(const std::string& text) {
    if (text.empty())
        return allowed_cores(affinity_cpus(), cgroup().cpu_limit_cores());
    const auto threads = parse_number<std::uint32_t>(text);
    if (threads && *threads >= 1 && *threads <= 1024)
        return *threads;
    if (parse_duration(text))
        throw std::invalid_argument(fmt::format(
            "-t is the number of threads, not '{0}': did you mean --timeout {0} or -d {0}?", text));
    throw std::invalid_argument(fmt::format("-t '{}': give a number of threads from 1 to 1024", text));
}

std::chrono::nanoseconds read_timeout(const std::string& text) {
    // What lasts longer is recorded as if it had lasted as long.
    constexpr std::chrono::nanoseconds longest{histogram::highest_trackable_ns};
    const auto timeout = read_duration("--timeout", text);
    if (timeout > longest)
        throw std::invalid_argument(
            fmt::format("--timeout '{}': give a duration up to {}, the longest that is recorded", text,
                        format_duration(longest)));
    return timeout;
}

std::chrono::nanoseconds read_linger(const run_arguments& a) {
    if (a.linger.empty())
        return {};
    if (a.metrics.empty())
        throw std::invalid_argument("--linger keeps the metrics up after the end: give --metrics, too");
    const auto duration = parse_duration(a.linger);
    if (!duration || *duration > std::chrono::hours(24))
        throw std::invalid_argument(
            fmt::format("--linger '{}': give a duration up to 24h, e.g. 15s or 1m", a.linger));
    return *duration;
}

void read_http2(const run_arguments& a, run_options& o) {
    if (a.streams && !a.http2)
        throw std::invalid_argument(
            "--streams: only HTTP/2 carries several requests at once: give --http2, too");
    o.version = a.http2 ? http_version::http_2 : http_version::http_1_1;
    o.streams = a.streams.value_or(1);
    if (o.streams > 1 && o.clients.last > 0)
        throw std::invalid_argument("--clients have a connection each: leave out --streams");
}

// A polling thread needs a core of its own.
void require_spin_possible(const run_options& o, bool closed) {
    if (closed)
        throw std::invalid_argument("--spin is for sending on time: a closed loop has no times");
    if (const auto quota = cgroup().cpu_limit_cores())
        throw std::invalid_argument(
            fmt::format("--spin under a CPU quota of {:.3g} cores would be stopped by it: leave out "
                        "--spin, or remove the CPU limit",
                        *quota));
    if (o.threads > affinity_cpus())
        throw std::invalid_argument(
            fmt::format("--spin with {} threads on {} cores: give as many threads (-t) as cores", o.threads,
                        affinity_cpus()));
}

std::vector<target_spec> read_targets(const run_arguments& a) {
    std::vector<target_spec> targets;
    if (!a.url.empty())
        targets.push_back(parse_target(a.url));
    std::set<std::string> names;
    for (const auto& text : a.targets)
        targets.push_back(parse_target(text));
    if (targets.empty())
        throw std::invalid_argument("no URL: give one, or --target NAME=URL");
    for (const auto& t : targets)
        if (!names.insert(t.name).second)
            throw std::invalid_argument(
                fmt::format("two targets are named '{}': name them with --target NAME=URL", t.name));
    return targets;
}

void require_known_targets(const run_options& o) {
    std::vector<std::string> names;
    for (const auto& t : o.targets)
        names.push_back(t.name);
    require_targets(o.slos, names);
    if (o.stop_when && !o.stop_when->target().empty() &&
        std::find(names.begin(), names.end(), o.stop_when->target()) == names.end())
        throw std::invalid_argument(fmt::format("--stop-when '{}': there is no target '{}'; there are {}",
                                                o.stop_when->text(), o.stop_when->target(),
                                                fmt::join(names, ", ")));
}

} // namespace

void add_request_options(CLI::App* run, run_arguments& a) {
    add_connection_options(*run, a);
    run->add_option("-t,--threads", a.threads, "threads [as many as cores are allowed]");
    add_asked_options(*run, a);
    add_tls_options(*run, a);
    run->add_flag("--http2", a.http2,
                  "HTTP/2: of https chosen by ALPN, of http without asking (prior knowledge) [HTTP/1.1]");
    run->add_option(
           "--streams", a.streams,
           "--http2: requests that a connection carries at once, where the server allows so many [1]")
        ->check(CLI::Range(1, 10'000));
    run->add_option("--timeout", a.timeout,
                    "of a request from its first byte sent, and of a connect; up to 2m")
        ->capture_default_str();
    run->add_option("--expect", a.expect, "the status that counts as ok [any 2xx]")
        ->check(CLI::Range(200, 599));
    run->add_option("--expect-body-contains", a.expect_body,
                    "text that the body of an ok answer holds; without it the answer is \"unexpected\"");
    run->add_option("--arrivals", a.arrivals,
                    "uniform: evenly spaced; poisson: at random, as independent users come")
        ->check(CLI::IsMember({"uniform", "poisson"}))
        ->capture_default_str();
    run->add_option(
           "--seed", a.seed,
           "what placeholders and poisson arrivals are made from: the same seed gives the same requests")
        ->capture_default_str();
}

void add_recording_options(CLI::App* run, run_arguments& a) {
    run->add_option("--watch", a.watches,
                    "NAME=PID: sample CPU and memory of a process and its children; repeatable")
        ->allow_extra_args(false);
    run->add_option("--scrape", a.scrapes, "NAME=URL: sample a Prometheus endpoint each second; repeatable")
        ->allow_extra_args(false);
    run->add_option(
        "-o,--output", a.output,
        "folder for result.json, report.html, timeline.ndjson and .csv (each second) and NAME.hgrm "
        "(percentiles for HdrHistogram's plotter), made when missing [no files]");
    run->add_option("--name", a.name, "title of the report");
    run->add_option("--label", a.labels, "KEY=VALUE shown in the report: versions, notes; repeatable")
        ->allow_extra_args(false);
}

CLI::App* add_run_command(CLI::App& app, run_arguments& a) {
    auto* run = app.add_subcommand("run", "Offer load to one or several URLs and measure what becomes of it");
    run->add_option("URL", a.url, "http[s]://HOST[:PORT][/PATH], or NAME=URL");
    run->add_option("--target", a.targets,
                    "NAME=URL; repeatable: each gets the whole schedule and its own connections")
        ->allow_extra_args(false);
    run->add_option("-R,--rate", a.rate, "requests per second in total, e.g. 500 or 10k");
    run->add_option("-d,--duration", a.duration, "how long to hold -R, or --closed [10s]");
    run->add_flag(
        "--closed", a.closed,
        "closed loop, like wrk: each connection sends its next request when the answer came. Coordinated: "
        "a slow service is asked for less, and latency understates");
    add_client_options(*run, a);
    run->add_option(
        "--warmup", a.warmup,
        "send this long before the first stage, at its first rate; left out of totals, SLOs and the "
        "verdict [none]");
    run->add_option(
           "--stage", a.stages,
           "DUR:RATE hold, DUR:A..B linear, DUR:A..B/N staircase of N equal holds; repeatable, in order")
        ->allow_extra_args(false);
    run->add_option(
           "--k6-stage", a.k6_stages,
           "DUR:TARGET as k6 has it: evenly from the target before to this one; repeatable, in order")
        ->allow_extra_args(false);
    run->add_option("--k6-start-rate", a.k6_start_rate,
                    "where the first --k6-stage begins; at 0 nothing is sent, a ramp from 0 begins with one "
                    "request")
        ->capture_default_str();
    add_replay_options(*run, a);
    add_request_options(run, a);
    run->add_option(
           "--on-late", a.on_late,
           "what becomes of a request that could not go out in time: send it late, or skip it and count it")
        ->check(CLI::IsMember({"send", "skip"}))
        ->capture_default_str();
    run->add_option("--late-after", a.late_after, "what --on-late skip takes for late")
        ->capture_default_str();
    run->add_flag("--spin", a.spin,
                  "threads poll instead of sleeping: a little more exact, at the price of a whole core each");
    run->add_option("--dns-ttl", a.dns_ttl,
                    "resolve names again after so long, e.g. 30s: new connections go to what they resolve to "
                    "then, and those to addresses that have gone are made anew [names are resolved once]");
    add_shard_options(*run, a);
    paired::add_pair_options(*run, a);
    run->add_option("--stop-when", a.stop_when,
                    "end early on a condition, e.g. 'availability<90% for 5s' (availability error_rate p50 "
                    "p90 p99 p99.9 rps)");
    run->add_option(
           "--slo", a.slos,
           "what has to be kept over the run, else exit code 3, e.g. 'p99<50ms', 'error_rate<0.1%' or "
           "'go.p99<=cpp.p99'; repeatable")
        ->allow_extra_args(false);
    add_recording_options(run, a);
    efficiency::add_options(*run, a);
    run->add_option(
        "--metrics", a.metrics,
        "[ADDRESS:]PORT: serve loadgen's own metrics to Prometheus there, at /metrics, e.g. :8085");
    run->add_option(
        "--linger", a.linger,
        "how long they stay after the end, for a last scrape; a signal ends that, and a run that a "
        "signal ended has none [0s]");
    interop::add_export_options(*run, a.exports);
    settings::add_source_options(*run, a.sources);
    run->add_flag("--plain", a.plain, "one progress line a second, also on a terminal");
    return run;
}

run_options check(const run_arguments& a, std::vector<std::string> argv) {
    run_options o;
    o.targets = read_targets(a);
    o.replay = read_replay(a);
    o.stages = o.replay ? stages_of(*o.replay) : read_stages(a);
    o.clients = read_clients(a);
    o.threads = read_threads(a.threads);
    read_http2(a, o);
    read_connections(a, o);
    read_asked(a, o);
    o.tls = read_tls(a, o.targets);
    o.timeout = read_timeout(a.timeout);
    if (!a.dns_ttl.empty())
        o.dns_ttl = read_duration("--dns-ttl", a.dns_ttl);
    if (a.on_late == "skip")
        o.skip_after = read_duration("--late-after", a.late_after);
    else if (a.late_after != run_arguments{}.late_after)
        throw std::invalid_argument("--late-after says what --on-late skip skips: give that, too");
    if (!a.warmup.empty()) {
        o.warmup = read_duration("--warmup", a.warmup);
        prepend_warmup(o.stages, o.warmup);
        o.clients.since = o.warmup;
    }
    o.spin = a.spin;
    if (o.spin)
        require_spin_possible(o, o.stages.front().kind == stage_kind::closed);
    o.arrivals = {a.arrivals == "poisson" ? arrival_kind::poisson : arrival_kind::uniform, a.seed};
    o.share = read_shard(a.shard);
    o.barrier = read_barrier(a, o.share);
    paired::read_pair(a, o);
    if (!a.stop_when.empty())
        o.stop_when = stop_condition::parse(a.stop_when);
    for (const auto& text : a.slos)
        o.slos.push_back(parse_slo(text));
    require_known_targets(o);
    o.output = a.output;
    o.name = a.name;
    o.watches = a.watches;
    o.scrapes = a.scrapes;
    o.prices = efficiency::read_prices(a.prices, o.targets);
    o.prometheus = efficiency::read_prometheus(a.prometheus);
    for (const auto& label : a.labels) {
        const auto equals = label.find('=');
        if (equals == 0 || equals == std::string::npos)
            throw std::invalid_argument(fmt::format("label '{}': write KEY=VALUE", label));
        o.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    if (!a.metrics.empty())
        o.metrics = parse_metrics_address(a.metrics);
    o.linger = read_linger(a);
    o.plain = a.plain;
    o.exports = a.exports;
    interop::check(o.exports, o.targets.size());
    o.argv = std::move(argv);
    return o;
}

} // namespace beastmark::loadgen
