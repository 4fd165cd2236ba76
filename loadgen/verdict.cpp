#include "loadgen/verdict.hpp"

#include "loadgen/readings.hpp"

#include <algorithm>
#include <array>

namespace beastmark::loadgen {

namespace {

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

// A service that takes twice as long as it ever did is queueing inside.
constexpr double queueing_factor = 2;

// Responses that take longer and longer, while fewer come back than were asked for.
constexpr std::size_t growing_windows = 3;
constexpr double growth = 1.2;
constexpr double kept_up_share = 0.97;

// A run's rest: too short for percentiles and shares to mean something.
constexpr double short_s = 0.25;

constexpr std::size_t index_of(cause c) noexcept {
    return static_cast<std::size_t>(c);
}

constexpr std::size_t index_of(verdict v) noexcept {
    return static_cast<std::size_t>(v);
}

bool lag_matters(const window_evidence& w) noexcept {
    if (w.generator_lag_p50_us > late_us || matters(w.generator_lag_p99_us, w))
        return true;
    if (skipped_for_lateness(w))
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
    if (w.run_delay_share > run_delay_share && (w.spin || w.thread_cpu_share < busy_share))
        return {verdict::disturbed, cause::run_queue};
    if (!w.spin && w.thread_cpu_share >= busy_share)
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

} // namespace

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

summary_judgement judge_all(std::span<const window_evidence> windows,
                            std::span<const judgement> judgements) noexcept {
    summary_judgement all;
    std::array<double, verdict_count> of_verdict{};
    std::array<double, cause_count> of_cause{}; // a cause belongs to one verdict
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

} // namespace beastmark::loadgen
