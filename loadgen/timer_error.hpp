// How late the kernel's timers are on this machine, without any load: below that no load generator can go.
#pragma once

#include <chrono>
#include <cstdint>

namespace beastmark::loadgen {

struct timer_error {
    std::uint64_t count = 0; // how often a timer was waited for
    double p50_us = 0;
    double p99_us = 0;
    double worst_us = 0;
};

/// Waits for a timer 1000 times a second as a load thread does (timerfd, epoll, least timer slack), in a
/// thread of its own that does nothing else and runs where the calling one may. Throws std::system_error.
timer_error measure_timer_error(std::chrono::nanoseconds length);

} // namespace beastmark::loadgen
