#include "loadgen/readings.hpp"
#include "loadgen/verdict.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace beastmark::loadgen {

namespace {

constexpr std::array<std::string_view, verdict_count> verdict_names{"valid", "server-saturated",
                                                                    "generator-limited", "disturbed"};

struct cause_words {
    std::string_view name;
    std::string_view way_out;
};

/// In the order of the enumeration.
constexpr std::array<cause_words, cause_count> causes{{
    {"none", ""},
    {"failures", ""},
    {"backlog", ""},
    {"own-cpu", "use more threads (-t), another core, or a lower rate"},
    {"quota", "raise or remove the CPU limit of the load generator"},
    {"connections", "use more connections (-c)"},
    {"stall", "look for swapping, a debugger or a stopped process"},
    {"run-queue",
     "stop what else runs on these cores, pin the load generator to free ones (taskset), or use no more "
     "threads (-t) than cores"},
    {"steal", "use a quieter machine, or one with cores of its own"},
    {"retransmission", "look at the network between the load generator and the service"},
}};

constexpr std::size_t index_of(cause c) noexcept {
    return static_cast<std::size_t>(c);
}

constexpr std::size_t index_of(verdict v) noexcept {
    return static_cast<std::size_t>(v);
}

/// "850 us", "12.3 ms", "1.5 s".
std::string time_text(double us) {
    if (us < 999.5)
        return fmt::format("{:.0f} us", us);
    return us < 999'950 ? fmt::format("{:.1f} ms", us / 1e3) : fmt::format("{:.1f} s", us / us_per_s);
}

std::string percent_text(double share) {
    const double percent = 100 * share;
    return percent < 9.95 ? fmt::format("{:.2g} %", percent) : fmt::format("{:.0f} %", percent);
}

/// "30", "29.7".
std::string seconds_text(double s) {
    auto text = fmt::format("{:.1f}", s);
    if (text.ends_with(".0"))
        text.resize(text.size() - 2);
    return text;
}

std::string lateness_text(const window_evidence& w) {
    if (w.closed_loop)
        return "the rate is the load generator's, not the service's";
    if (w.generator_lag_p50_us > late_us || matters(w.generator_lag_p99_us, w))
        return fmt::format("requests went out {} late (p99)", time_text(w.generator_lag_p99_us));
    if (skipped_for_lateness(w))
        return fmt::format("{} requests were skipped for it", w.skipped_late);
    if (matters(w.generator_lag_max_us, w))
        return fmt::format("requests went out up to {} late", time_text(w.generator_lag_max_us));
    return fmt::format("its event loop came back {} late", time_text(w.stall_max_us));
}

/// -c auto may make no more.
bool at_bound(const window_evidence& w) {
    return w.most_connections > 0 && w.connections >= w.most_connections;
}

std::string connections_text(const window_evidence& w) {
    const auto which = at_bound(w)              ? " that --max-connections allows"
                       : w.most_connections > 0 ? " made so far"
                                                : "";
    return fmt::format("all {} connections{}", w.connections, which);
}

std::string_view way_out(cause because, const window_evidence& w) {
    if (because != cause::connections || w.most_connections == 0)
        return causes[static_cast<std::size_t>(because)].way_out;
    return at_bound(w) ? "allow more with --max-connections"
                       : "begin with more: a number with -c, or --warmup";
}

std::string failures_text(const window_evidence& w) {
    if (ended(w) == 0)
        return fmt::format("nothing came back, {} requests were due and {} sent", w.offered, w.sent);
    const auto timeouts = w.timeouts > 0 ? fmt::format(", {} of them timeouts", w.timeouts) : "";
    return fmt::format("{} of the requests failed ({} of {}{})",
                       percent_text(number(w.failed) / number(ended(w))), w.failed, ended(w), timeouts);
}

std::string backlog_text(const window_evidence& w) {
    if (!arrivals_wait(w))
        return fmt::format(
            "responses took longer each second (p50 {}) and {} of {} requests due were answered",
            time_text(w.response_p50_us), w.ok, w.offered);
    if (answers_stopped(w))
        return fmt::format(
            "{} requests waited for a connection at its end and none of the {} came free any more",
            w.waiting_after, w.connections);
    return fmt::format(
        "{} requests waited for a connection at its end{} and the service took {} (p50), {} at its best",
        w.waiting_after, at_bound(w) ? fmt::format(", {} busy,", connections_text(w)) : "",
        time_text(w.service_p50_us), time_text(w.service_least_us));
}

} // namespace

std::string_view name_of(verdict v) noexcept {
    return verdict_names[index_of(v)];
}

std::string_view name_of(cause c) noexcept {
    return causes[index_of(c)].name;
}

std::string explain(const judgement& j, const window_evidence& seen) {
    switch (j.because) {
    case cause::none:
        break;
    case cause::failures:
        return failures_text(seen);
    case cause::backlog:
        return backlog_text(seen);
    case cause::own_cpu:
        return fmt::format("a load thread used {} of its core and {}", percent_text(seen.thread_cpu_share),
                           lateness_text(seen));
    case cause::quota:
        return fmt::format("the CPU quota stopped load threads for {:.2f} s a second, all together, and {}",
                           seen.machine.throttled_share, lateness_text(seen));
    case cause::connections:
        return fmt::format("{} were busy, {} requests waited for one at its end, and the service was "
                           "as fast as ever ({} p50, {} at its best)",
                           connections_text(seen), seen.waiting_after, time_text(seen.service_p50_us),
                           time_text(seen.service_least_us));
    case cause::stall:
        return fmt::format("an event loop stood still for {} and {}", time_text(seen.stall_max_us),
                           lateness_text(seen));
    case cause::run_queue:
        return fmt::format("a load thread waited {} of the time for a core on which others ran and {}",
                           percent_text(seen.run_delay_share), lateness_text(seen));
    case cause::steal:
        return fmt::format("the hypervisor took {} of the CPU time and {}",
                           percent_text(seen.machine.steal_share), lateness_text(seen));
    case cause::retransmission:
        return fmt::format(
            "{} TCP segments were sent again for {} requests and the slowest answers took {} (p99)",
            seen.retransmitted, seen.sent, time_text(seen.service_p99_us));
    }
    if (ended(seen) == 0)
        return "nothing was due";
    return fmt::format("the service kept up ({} response p99) and requests went out {} late (p99)",
                       time_text(seen.response_p99_us), time_text(seen.generator_lag_p99_us));
}

std::string headline(const summary_judgement& all, std::span<const window_evidence> windows) {
    if (!(all.measured_s > 0) || windows.empty())
        return "NOT TO BE BELIEVED: nothing was measured";
    const auto measured = seconds_text(all.measured_s);
    const auto why = explain(all.what, windows[all.worst]);
    if (!all.believable())
        return fmt::format("NOT TO BE BELIEVED: {} in {} of {} s: {}; {}", name_of(all.what.is),
                           seconds_text(all.what_s), measured, why,
                           way_out(all.what.because, windows[all.worst]));
    auto text = fmt::format("VALID: {} of {} s to be believed", seconds_text(all.believable_s), measured);
    auto out = std::back_inserter(text);
    if (all.saturated_s > 0)
        fmt::format_to(out, "; the service was saturated in {} s of them", seconds_text(all.saturated_s));
    if (all.what.is == verdict::server_saturated)
        fmt::format_to(out, ": {}", why);
    if (windows.front().closed_loop)
        fmt::format_to(
            out, "; closed loop: coordinated, its latency understates what independent users would feel");
    return text;
}

} // namespace beastmark::loadgen
