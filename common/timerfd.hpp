// The kernel's timer behind a descriptor, in std::chrono's terms: timerfd_create(2).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <sys/timerfd.h>

namespace beastmark {

/// For a descriptor's constructor: not blocking, not inherited.
inline int make_timerfd() noexcept {
    return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

/// Once, at `t` (std::chrono::steady_clock is CLOCK_MONOTONIC), at once when that is past.
inline void set_timerfd(int timer, std::chrono::steady_clock::time_point t) noexcept {
    const auto ns =
        std::max<std::int64_t>(1, std::chrono::nanoseconds(t.time_since_epoch()).count()); // 0: never
    itimerspec when{};
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr); // fails for bad arguments only
}

inline void stop_timerfd(int timer) noexcept {
    const itimerspec never{};
    ::timerfd_settime(timer, 0, &never, nullptr);
}

} // namespace beastmark
