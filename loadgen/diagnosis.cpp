#include "loadgen/diagnosis.hpp"

#include "common/version.hpp"
#include "loadgen/grouped.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/manifest.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

std::string rate_text(double rps) {
    return grouped(static_cast<std::uint64_t>(std::llround(rps)));
}

bool has_problem(const diagnosis& d) {
    return std::any_of(d.findings.begin(), d.findings.end(),
                       [](const finding& f) { return f.is == finding_kind::problem; });
}

bool rate_is_clean(const diagnosis& d) {
    return d.measured.clean_rps && d.wish.rate.value_or(0) <= *d.measured.clean_rps;
}

bool busy(const diagnosis& d) {
    return d.measured.beyond && d.measured.beyond->became == attempt::disturbed;
}

std::string headline_of(const diagnosis& d) {
    const auto& m = d.measured;
    if (!m.clean_rps && busy(d))
        return fmt::format("too busy to tell: something else takes the CPU even at {} requests/s\n",
                           rate_text(m.beyond->rps));
    if (!m.clean_rps)
        return fmt::format("not clean even at {} requests/s\n", rate_text(m.beyond ? m.beyond->rps : 0));
    return fmt::format("clean up to {}{} requests/s  (p99.9 generator lag {}, latency floor {} p50)\n",
                       m.at_least() ? "at least " : "", rate_text(*m.clean_rps),
                       human_us(m.half->generator_lag.p999_us), human_us(m.lowest->response.p50_us));
}

std::string place_text(const diagnosis& d) {
    const auto threads = fmt::format("{} load thread{}", d.with.threads, d.with.threads == 1 ? "" : "s");
    const auto& where = d.with.placement;
    if (where.shared && !where.load.empty() && d.machine.quota_cores)
        return fmt::format("{} and the null server share a CPU quota of {:.3g} cores", threads,
                           *d.machine.quota_cores);
    if (where.shared)
        return threads + " and the null server share one core: apart they would do more";
    return fmt::format("{} on CPU {}, the null server on CPU {}", threads, fmt::join(where.load, ","),
                       fmt::join(where.server, ","));
}

std::string figures_text(const diagnosis& d) {
    const auto& m = d.measured;
    auto text =
        wrapped("  measured with", fmt::format("{} connections, {}", d.with.connections, place_text(d)), 4);
    if (m.half)
        text +=
            wrapped("  generator lag",
                    fmt::format("{} p50, {} p99, {} p99.9 at {}/s", human_us(m.half->generator_lag.p50_us),
                                human_us(m.half->generator_lag.p99_us),
                                human_us(m.half->generator_lag.p999_us), rate_text(m.half->rps)),
                    4);
    if (m.lowest)
        text += wrapped("  latency floor",
                        fmt::format("{} p50, {} p99 at {}/s: figures below this are the machine's, not the "
                                    "service's",
                                    human_us(m.lowest->response.p50_us), human_us(m.lowest->response.p99_us),
                                    rate_text(m.lowest->rps)),
                        4);
    text += wrapped("  timers are late by",
                    fmt::format("{} p50, {} p99, {} at worst, without load", human_us(d.timer.p50_us),
                                human_us(d.timer.p99_us), human_us(d.timer.worst_us)),
                    4);
    if (m.beyond)
        text += wrapped(fmt::format("  at {}/s:", rate_text(m.beyond->rps)), m.beyond->why, 4);
    return text;
}

std::string answer_of(const diagnosis& d) {
    if (!d.wish.rate)
        return "";
    const auto asked = "you ask " + rate_text(*d.wish.rate);
    if (!rate_is_clean(d)) {
        if (busy(d))
            return asked + ": no: not while something else takes the CPU\n";
        return asked + (d.measured.at_least() ? ": no: more than could be shown to be clean\n"
                                              : ": no: more than is clean here\n");
    }
    return asked + (has_problem(d) ? ": no: see the problem below\n" : ": ok\n");
}

std::string findings_text(const diagnosis& d) {
    std::string text = "\n";
    for (const auto& f : d.findings) {
        text += wrapped(fmt::format("{:<9}{:<11}", name_of(f.is), f.check), f.text, 21);
        if (!f.way_out.empty())
            text += wrapped(std::string(20, ' '), f.way_out, 21);
    }
    return text;
}

json figures_json(const latency_figures& f) {
    if (f.count == 0)
        return nullptr;
    return {{"count", f.count},
            {"p50_us", f.p50_us},
            {"p99_us", f.p99_us},
            {"p999_us", f.p999_us},
            {"max_us", f.max_us}};
}

std::string_view name_of(attempt a) {
    switch (a) {
    case attempt::clean:
        return "clean";
    case attempt::unclean:
        return "unclean";
    case attempt::disturbed:
        return "disturbed";
    }
    return "?";
}

json run_json(const calibration_run& r) {
    return {{"rps", r.rps},
            {"became", name_of(r.became)},
            {"verdict", name_of(r.judged.is)},
            {"cause", name_of(r.judged.because)},
            {"why", r.why},
            {"response", figures_json(r.response)},
            {"generator_lag", figures_json(r.generator_lag)}};
}

json run_json(const std::optional<calibration_run>& r) {
    return r ? run_json(*r) : json(nullptr);
}

template <class Value>
json or_null(const std::optional<Value>& value) {
    return value ? json(*value) : json(nullptr);
}

json checks_json(const diagnosis& d) {
    json all = json::array();
    for (const auto& f : d.findings)
        all.push_back({{"check", f.check}, {"is", name_of(f.is)}, {"text", f.text}, {"way_out", f.way_out}});
    return all;
}

json machine_json(const machine_facts& m) {
    return {{"descriptors", m.descriptors},
            {"descriptors_most", m.descriptors_most},
            {"ports", or_null(m.ports)},
            {"tcp_tw_reuse", or_null(m.reuse)},
            {"cpus", m.cpus},
            {"cpu_quota_cores", or_null(m.quota_cores)},
            {"somaxconn", or_null(m.backlog)},
            {"clock_source", m.clock_source},
            {"timer_resolution_ns", m.timer_resolution.count()},
            {"steal_share", m.steal_share}};
}

} // namespace

std::optional<bool> diagnosis::good() const {
    if (!wish.rate)
        return std::nullopt;
    return rate_is_clean(*this) && !has_problem(*this);
}

std::string text_of(const diagnosis& d) {
    return headline_of(d) + answer_of(d) + figures_text(d) + findings_text(d);
}

json json_of(const diagnosis& d, int exit_code) {
    json runs = json::array();
    for (const auto& r : d.measured.runs)
        runs.push_back(run_json(r));
    return {
        {"schema", "loadgen.doctor/1"},
        {"tool", {{"name", "loadgen"}, {"version", version()}, {"revision", revision()}}},
        {"host", describe_host()},
        {"exit_code", exit_code},
        {"asked",
         {{"rps", or_null(d.wish.rate)}, {"connections", d.wish.connections}, {"threads", d.wish.threads}}},
        {"good", or_null(d.good())},
        {"measured_with",
         {{"connections", d.with.connections},
          {"threads", d.with.threads},
          {"hold_s", std::chrono::duration<double>(d.with.hold).count()},
          {"load_cpus", d.with.placement.load},
          {"server_cpus", d.with.placement.server},
          {"shared", d.with.placement.shared}}},
        {"clean_rps", or_null(d.measured.clean_rps)},
        {"clean_is_at_least", d.measured.at_least()},
        {"latency_floor", run_json(d.measured.lowest)},
        {"half", run_json(d.measured.half)},
        {"beyond", run_json(d.measured.beyond)},
        {"timer",
         {{"count", d.timer.count},
          {"p50_us", d.timer.p50_us},
          {"p99_us", d.timer.p99_us},
          {"worst_us", d.timer.worst_us}}},
        {"runs", std::move(runs)},
        {"machine", machine_json(d.machine)},
        {"checks", checks_json(d)}};
}

} // namespace beastmark::loadgen
