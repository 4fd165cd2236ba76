// Wakes a lane when its next arrival is due.
//
// A timer that becomes the kernel's next one is written into the hardware, and on a virtual machine that
// leaves the guest: 5 us here, as much as a send. So the arrival after the next gets its timer in advance,
// while the other one is before it: when that fires, the kernel goes on to this one in the interrupt that it
// is in anyway, and setting the next in advance costs a tenth. At 10,000 arrivals a second a request then
// takes two thirds of the CPU time (docs/results.md).
#pragma once

#include "common/event_loop.hpp"

#include <array>
#include <chrono>
#include <optional>

namespace beastmark::loadgen {

class pacer {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// `who` hears at each time it was told, and perhaps at times that have become idle since. Throws
    /// std::system_error when there is no descriptor left.
    pacer(event_loop& loop, event_loop::listener& who);

    /// It is up to wake at `t`.
    [[nodiscard]] bool is_set_for(time_point t) const noexcept { return next_ == t; }

    /// Wakes at `next`, at once when that is past; `after`: what it will be told next, as far as is known.
    void set(time_point next, std::optional<time_point> after) noexcept;

    void cancel() noexcept;

private:
    struct one {
        exact_timer timer;
        time_point time = time_point::min(); // last set to, fired or not
    };

    std::array<one, 2> timers_;
    time_point next_ = time_point::min();
};

} // namespace beastmark::loadgen
