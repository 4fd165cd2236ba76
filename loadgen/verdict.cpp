#include "loadgen/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace beastmark::loadgen {

namespace {

// What counts as late. On Linux a loop that only waits for its timer is late by 6 to 30 us (p50) and about
// 0.1 ms (p99), on a noisy virtual machine too: 1 ms is an order of magnitude above what an idle machine
// does.
constexpr double late_us = 1000;
// The response time contains the lag. Up to a tenth of it the lag does not change what the figures say.
constexpr double late_share = 0.10;
// A whole loop that stands still for longer than any scheduler's time slice, for one second's requests at
// once.
constexpr double long_stall_us = 20'000;

// What could have made the loop late. Each is well above what is seen beside a lag that does not matter.
constexpr double throttled_share = 0.02; // 20 ms of a second: a fifth of a quota's period, cgroups(7)
constexpr double steal_share = 0.05;     // counted in ticks of 10 ms, so that less is chance
constexpr double run_delay_share = 0.10; // kernel threads and interrupts stay below
constexpr double busy_share = 0.90;      // above it arrivals queue in the loop; it leaves no room for a hog
// Of the time the loop was late, what must be accounted for by something else for that to be the reason.
constexpr double explaining_share = 0.5;

// Lost segments. A retransmission timeout on Linux is 200 ms at least (TCP_RTO_MIN); a fast retransmission or
// a tail loss probe is quicker. A handful of segments is lost on any network.
constexpr double retransmitted_share = 0.0005;
constexpr std::uint64_t retransmitted_least = 3;
constexpr double retransmission_us = 100'000;

constexpr double failed_share = 0.01;
// So many requests without any answer are no chance, at whatever rate.
constexpr std::uint64_t unanswered_many = 10;

// Arrivals that wait for a connection. At any moment one or two may, for a moment.
constexpr double waiting_share = 0.01;
constexpr std::uint64_t waiting_few = 2;
// Of the time by which arrivals are behind at the end, what those that went out have waited at the least when
// connections come free at all.
constexpr double waited_share = 0.1;
// A service that takes twice as long as it ever did is queueing inside.
constexpr double queueing_factor = 2;

// Responses that take longer and longer, while fewer come back than were asked for.
constexpr std::size_t growing_windows = 3;
constexpr double growth = 1.2;
constexpr double kept_up_share = 0.97;

// A run's rest: too short for percentiles and shares to mean something.
constexpr double short_s = 0.25;

constexpr double us_per_s = 1e6;

constexpr std::array<std::string_view, 4> verdict_names{"valid", "server-saturated", "generator-limited",
                                                        "disturbed"};

struct cause_words {
    std::string_view name;
    std::string_view way_out;
};

/// In the order of the enumeration.
constexpr std::array<cause_words, 10> causes{{
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

constexpr double number(std::uint64_t n) noexcept {
    return static_cast<double>(n);
}

constexpr std::uint64_t ended(const window_evidence& w) noexcept {
    return w.ok + w.failed;
}

/// Late enough to be seen in the response times. Where nothing was answered these are unknown, about as long
/// as the window.
bool matters(double us, const window_evidence& w) noexcept {
    const double response_us = w.response_p99_us > 0 ? w.response_p99_us : w.length_s * us_per_s;
    return us > late_us && us > late_share * response_us;
}

bool lag_matters(const window_evidence& w) noexcept {
    if (w.generator_lag_p50_us > late_us || matters(w.generator_lag_p99_us, w))
        return true;
    // One stall of one thread may escape the p99; it is evidence when requests were due meanwhile.
    return w.stall_max_us > long_stall_us && matters(w.stall_max_us, w) &&
           (matters(w.generator_lag_max_us, w) || w.skipped > 0);
}

/// What kept a load thread from its work for a large part of the time; none when nothing did. A stopped or
/// preempted thread also shows run delay, a busy one a little of it: hence the order.
judgement hindrance(const window_evidence& w) noexcept {
    if (w.machine.throttled_share > throttled_share)
        return {verdict::generator_limited, cause::quota};
    if (w.machine.steal_share > steal_share)
        return {verdict::disturbed, cause::steal};
    if (w.run_delay_share > run_delay_share && w.thread_cpu_share < busy_share)
        return {verdict::disturbed, cause::run_queue};
    if (w.thread_cpu_share >= busy_share)
        return {verdict::generator_limited, cause::own_cpu};
    return {};
}

/// Whose doing it is that requests went out late.
judgement blame(const window_evidence& w) noexcept {
    if (const auto much = hindrance(w); much.because != cause::none)
        return much;
    // Little of the time was taken, but perhaps just when the loop stood still.
    const double late = std::max(w.stall_max_us, w.generator_lag_p99_us);
    const auto explains = [&](double share) {
        return share * w.length_s * us_per_s >= explaining_share * late;
    };
    if (explains(w.machine.throttled_share))
        return {verdict::generator_limited, cause::quota};
    if (explains(w.machine.steal_share))
        return {verdict::disturbed, cause::steal};
    if (explains(w.run_delay_share))
        return {verdict::disturbed, cause::run_queue};
    return {verdict::generator_limited, cause::stall};
}

bool failing(std::span<const window_evidence> windows, std::size_t i) noexcept {
    const auto& w = windows[i];
    if (ended(w) > 0)
        return number(w.failed) > failed_share * number(ended(w));
    if (w.length_s < short_s)
        return false;
    // Nothing came back. At a few requests a second that may be chance, but not twice.
    const auto asked = std::max(w.sent, w.offered - std::min(w.offered, w.skipped));
    const bool before = i > 0 && ended(windows[i - 1]) == 0 && windows[i - 1].sent > 0;
    return asked >= unanswered_many || (asked > 0 && before);
}

/// The network lost segments and requests took the longer for it: the slowest stand out from the middle by
/// what a retransmission costs, or fail. When nothing is answered, a host that is gone looks the same: that
/// is failing().
bool network_loses(const window_evidence& w) noexcept {
    return w.ok > 0 && w.retransmitted >= retransmitted_least &&
           number(w.retransmitted) > retransmitted_share * number(w.sent) &&
           (w.service_p99_us >= w.service_p50_us + retransmission_us ||
            number(w.failed) > failed_share * number(ended(w)));
}

/// By how much there wait more for a connection at the end.
std::uint64_t growth_of_waiting(const window_evidence& w) noexcept {
    return w.waiting_after - std::min(w.waiting_after, w.waiting_before);
}

/// Arrivals wait for a connection, or were skipped meanwhile.
bool arrivals_wait(const window_evidence& w) noexcept {
    const auto grown = growth_of_waiting(w);
    if (grown > waiting_few && number(grown) > waiting_share * number(w.offered))
        return true;
    if (number(w.skipped) > waiting_share * number(w.offered))
        return true;
    return w.connection_wait_p50_us > late_us && w.connection_wait_p99_us > w.service_p50_us;
}

/// Arrivals wait, yet those that were sent did not: since the connections were taken none came free. Those
/// that were answered before that say nothing of how fast the service is.
bool answers_stopped(const window_evidence& w) noexcept {
    return w.connection_wait_p99_us * number(w.offered) <
           waited_share * number(growth_of_waiting(w)) * w.length_s * us_per_s;
}

/// The window from which those that wait are left, when ever fewer do since; else `i`.
std::size_t where_waiting_arose(std::span<const window_evidence> windows, std::size_t i) noexcept {
    auto k = i;
    while (k > 0 && windows[k].waiting_after < windows[k].waiting_before)
        --k;
    return 2 * windows[k].waiting_before < windows[k].waiting_after ? k : i;
}

/// All connections are busy. A load thread that comes late to read answers makes the service look slow and
/// keeps connections busy, with little lag to show: lag counts only while a connection is free.
judgement blame_for_waiting(std::span<const window_evidence> windows, std::size_t i) noexcept {
    const auto& w = windows[i];
    // What is overdue when the load generator was late goes out in a burst that was not asked for.
    if (const auto arose = where_waiting_arose(windows, i); arose != i && lag_matters(windows[arose]))
        return blame(windows[arose]);
    if (w.stall_max_us > late_us && w.stall_max_us >= explaining_share * w.service_p50_us)
        if (const auto much = hindrance(w); much.because != cause::none)
            return much;
    if (w.service_p50_us < queueing_factor * w.service_least_us && !answers_stopped(w))
        return {verdict::generator_limited, cause::connections};
    return {verdict::server_saturated, cause::backlog};
}

bool falls_behind(std::span<const window_evidence> windows, std::size_t i) noexcept {
    if (i < growing_windows || number(windows[i].ok) >= kept_up_share * number(windows[i].offered))
        return false;
    for (auto k = i - growing_windows + 1; k <= i; ++k) {
        const double before_us = windows[k - 1].response_p50_us;
        if (before_us <= 0 || windows[k].response_p50_us < growth * before_us)
            return false;
    }
    return true;
}

/// A closed loop is never late, it goes slower: what keeps the load threads from their work lowers the rate
/// that the service is credited with.
judgement judge_closed_loop(std::span<const window_evidence> windows, std::size_t i) noexcept {
    const auto& w = windows[i];
    if (w.length_s >= short_s) {
        if (const auto much = hindrance(w); much.because != cause::none)
            return much;
        if (w.stall_max_us > long_stall_us && matters(w.stall_max_us, w))
            return blame(w);
        if (network_loses(w))
            return {verdict::disturbed, cause::retransmission};
    }
    if (failing(windows, i))
        return {verdict::server_saturated, cause::failures};
    return {};
}

/// How clearly a window shows this cause; comparable for one cause only.
double clearness(const window_evidence& w, cause because) noexcept {
    switch (because) {
    case cause::failures:
        return ended(w) == 0 ? 1 : number(w.failed) / number(ended(w));
    case cause::quota:
        return w.machine.throttled_share;
    case cause::connections:
        return w.connection_wait_p99_us;
    case cause::stall:
        return w.stall_max_us;
    case cause::run_queue:
        return w.run_delay_share;
    case cause::steal:
        return w.machine.steal_share;
    case cause::retransmission:
        return number(w.retransmitted) / std::max(1.0, number(w.sent));
    case cause::own_cpu:
        return w.closed_loop ? w.thread_cpu_share : w.generator_lag_p99_us;
    case cause::none:
    case cause::backlog:
        break;
    }
    return w.response_p99_us;
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
    if (matters(w.generator_lag_max_us, w))
        return fmt::format("requests went out up to {} late", time_text(w.generator_lag_max_us));
    return fmt::format("its event loop came back {} late", time_text(w.stall_max_us));
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
        "{} requests waited for a connection at its end and the service took {} (p50), {} at its best",
        w.waiting_after, time_text(w.service_p50_us), time_text(w.service_least_us));
}

} // namespace

std::string_view name_of(verdict v) noexcept {
    return verdict_names[index_of(v)];
}

std::string_view name_of(cause c) noexcept {
    return causes[index_of(c)].name;
}

judgement judge(std::span<const window_evidence> windows, std::size_t i) noexcept {
    const auto& w = windows[i];
    if (w.closed_loop)
        return judge_closed_loop(windows, i);
    if (w.length_s >= short_s) {
        if (lag_matters(w))
            return blame(w);
        if (network_loses(w))
            return {verdict::disturbed, cause::retransmission};
    }
    // Before what waits: a service that refuses connections leaves few to wait for.
    if (failing(windows, i))
        return {verdict::server_saturated, cause::failures};
    if (w.length_s >= short_s) {
        if (arrivals_wait(w))
            return blame_for_waiting(windows, i);
        if (falls_behind(windows, i))
            return {verdict::server_saturated, cause::backlog};
    }
    return {};
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
        return fmt::format(
            "all {} connections were busy, {} requests waited for one at its end, and the service was "
            "as fast as ever ({} p50, {} at its best)",
            seen.connections, seen.waiting_after, time_text(seen.service_p50_us),
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

summary_judgement judge_all(std::span<const window_evidence> windows,
                            std::span<const judgement> judgements) noexcept {
    summary_judgement all;
    std::array<double, verdict_names.size()> of_verdict{};
    std::array<double, causes.size()> of_cause{}; // a cause belongs to one verdict
    for (std::size_t i = 0; i < windows.size(); ++i) {
        all.measured_s += windows[i].length_s;
        of_verdict[index_of(judgements[i].is)] += windows[i].length_s;
        of_cause[index_of(judgements[i].because)] += windows[i].length_s;
    }
    all.saturated_s = of_verdict[index_of(verdict::server_saturated)];
    const double limited_s = of_verdict[index_of(verdict::generator_limited)];
    all.believable_s = std::max(0.0, all.measured_s - limited_s - of_verdict[index_of(verdict::disturbed)]);
    if (!(all.measured_s > 0))
        return all;
    if (!all.believable())
        all.what.is = limited_s >= of_verdict[index_of(verdict::disturbed)] ? verdict::generator_limited
                                                                            : verdict::disturbed;
    else if (2 * all.saturated_s >= all.believable_s)
        all.what.is = verdict::server_saturated;
    all.what_s = of_verdict[index_of(all.what.is)];

    double longest_s = -1;
    for (const auto& j : judgements) {
        if (j.is != all.what.is || of_cause[index_of(j.because)] <= longest_s)
            continue;
        longest_s = of_cause[index_of(j.because)];
        all.what.because = j.because;
    }
    double clearest = -1;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const double clear = clearness(windows[i], all.what.because);
        if (judgements[i] != all.what || clear <= clearest)
            continue;
        clearest = clear;
        all.worst = i;
    }
    return all;
}

std::string headline(const summary_judgement& all, std::span<const window_evidence> windows) {
    if (!(all.measured_s > 0) || windows.empty())
        return "NOT TO BE BELIEVED: nothing was measured";
    const auto measured = seconds_text(all.measured_s);
    const auto why = explain(all.what, windows[all.worst]);
    if (!all.believable())
        return fmt::format("NOT TO BE BELIEVED: {} in {} of {} s: {}; {}", name_of(all.what.is),
                           seconds_text(all.what_s), measured, why,
                           causes[index_of(all.what.because)].way_out);
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
