// The event loop of one core, for tests of the drivers: turned by the test, with the core's tick.
#pragma once

#include "common/event_loop.hpp"
#include "tests/support/wait.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <functional>

namespace beastmark::testing {

/// A driver's request that keeps how often it was completed, and how the last time.
template <class Request>
struct counted : Request {
    counted() {
        Request::done = [](Request& r, boost::system::error_code e) noexcept {
            auto& self = static_cast<counted&>(r);
            ++self.completions;
            self.error = e;
        };
    }

    int completions = 0;
    boost::system::error_code error;
};

class driver_loop {
public:
    using clock = std::chrono::steady_clock;

    event_loop& events() noexcept { return events_; }

    /// What the core calls every so often: the driver's tick.
    void on_tick(std::function<void(clock::time_point)> tick) { tick_ = std::move(tick); }

    /// Runs the loop until the condition holds; false at the deadline.
    template <class Condition>
    bool run_until(Condition&& condition, clock::duration deadline = patience) {
        const auto end = clock::now() + deadline;
        while (!condition()) {
            if (clock::now() >= end)
                return false;
            events_.turn(std::chrono::milliseconds(5));
            if (tick_ && clock::now() >= next_tick_) {
                next_tick_ = clock::now() + std::chrono::milliseconds(20);
                tick_(clock::now());
            }
        }
        return true;
    }

    void run_for(clock::duration time) {
        run_until([] { return false; }, time);
    }

private:
    event_loop events_;
    std::function<void(clock::time_point)> tick_;
    clock::time_point next_tick_;
};

} // namespace beastmark::testing
