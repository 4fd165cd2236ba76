// What a second's evidence says, before anybody is blamed for it: shared by the judge and by the words.
#pragma once

#include "loadgen/evidence.hpp"

#include <algorithm>
#include <cstdint>

namespace beastmark::loadgen {

inline constexpr double us_per_s = 1e6;

// What counts as late. On Linux a loop that only waits for its timer is late by 6 to 30 us (p50) and about
// 0.1 ms (p99), on a noisy virtual machine too: 1 ms is an order of magnitude above what an idle machine
// does.
inline constexpr double late_us = 1000;
// The response time contains the lag. Up to a tenth of it the lag does not change what the figures say.
inline constexpr double late_share = 0.10;
// Arrivals that wait for a connection. At any moment one or two may, for a moment.
inline constexpr double waiting_share = 0.01;
inline constexpr std::uint64_t waiting_few = 2;
// Of the time by which arrivals are behind at the end, what those that went out have waited at the least when
// connections come free at all.
inline constexpr double waited_share = 0.1;

constexpr double number(std::uint64_t n) noexcept {
    return static_cast<double>(n);
}

constexpr std::uint64_t ended(const window_evidence& w) noexcept {
    return w.ok + w.failed;
}

/// Late enough to be seen in the response times. Where nothing was answered these are unknown, about as long
/// as the window.
inline bool matters(double us, const window_evidence& w) noexcept {
    const double response_us = w.response_p99_us > 0 ? w.response_p99_us : w.length_s * us_per_s;
    return us > late_us && us > late_share * response_us;
}

/// Arrivals were skipped because the loop was late although a connection was free.
inline bool skipped_for_lateness(const window_evidence& w) noexcept {
    return number(w.skipped_late) > waiting_share * number(w.offered);
}

/// By how much there wait more for a connection at the end.
inline std::uint64_t growth_of_waiting(const window_evidence& w) noexcept {
    return w.waiting_after - std::min(w.waiting_after, w.waiting_before);
}

/// Arrivals wait for a connection, or were skipped meanwhile.
inline bool arrivals_wait(const window_evidence& w) noexcept {
    const auto grown = growth_of_waiting(w);
    if (grown > waiting_few && number(grown) > waiting_share * number(w.offered))
        return true;
    if (number(w.skipped - std::min(w.skipped, w.skipped_late)) > waiting_share * number(w.offered))
        return true;
    return w.connection_wait_p50_us > late_us && w.connection_wait_p99_us > w.service_p50_us;
}

/// Arrivals wait, yet those that were sent did not: since the connections were taken none came free. Those
/// that were answered before that say nothing of how fast the service is.
inline bool answers_stopped(const window_evidence& w) noexcept {
    return w.connection_wait_p99_us * number(w.offered) <
           waited_share * number(growth_of_waiting(w)) * w.length_s * us_per_s;
}

} // namespace beastmark::loadgen
