// Waiting for a condition instead of sleeping for a time.
#pragma once

#include <chrono>
#include <thread>

namespace beastmark::testing {

using namespace std::chrono_literals;

/// Generous on purpose: a test ends when its condition holds, the deadline only bounds a failure.
inline constexpr std::chrono::seconds patience = 20s;

/// Calls `condition` every few milliseconds until it is true.
/// Returns false when the deadline passed before that.
template <class Condition>
bool wait_until(Condition&& condition, std::chrono::milliseconds deadline = patience,
                std::chrono::milliseconds interval = 5ms) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        if (condition())
            return true;
        if (std::chrono::steady_clock::now() >= end)
            return false;
        std::this_thread::sleep_for(interval);
    }
}

} // namespace beastmark::testing
