// How many requests have to be in flight at once for arrivals not to wait, by Little's law: their rate times
// the service time, both of the recent past. Sans-I/O; one thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace beastmark::loadgen {

class connection_demand {
public:
    /// What is seen at a moment. Counts and sums are since the start.
    struct sight {
        std::chrono::nanoseconds at{};
        std::uint64_t due = 0;           // arrivals
        std::uint64_t ended = 0;         // requests that were sent
        std::chrono::nanoseconds busy{}; // their service times, together
        std::uint64_t in_flight = 0;
        std::chrono::nanoseconds oldest{}; // how long the first of these has been
        std::uint64_t waiting = 0;         // due, without a free connection
    };

    /// To be told every few milliseconds, of a later moment each time. Returns how many there is need for,
    /// with some to spare; more than are in flight while any wait.
    std::uint64_t update(const sight& now);

private:
    sight before_{};
    // Weighted by age, so that what was a quarter of a second ago counts a third.
    double seconds_ = 0;
    double due_ = 0;
    double ended_ = 0;
    double busy_s_ = 0;
};

} // namespace beastmark::loadgen
