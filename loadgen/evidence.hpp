// What was seen in one second of one target that tells whose doing its figures are: the service's, the load
// generator's, or that of something else on the machine. Recorded with each row; verdict.hpp judges it.
#pragma once

#include <chrono>
#include <cstdint>

namespace beastmark::loadgen {

/// Of one load thread during one second.
struct thread_evidence {
    std::chrono::nanoseconds cpu{}; // time on a CPU
    std::chrono::nanoseconds
        run_delay{};                  // time it was ready to run and another ran: /proc/thread-self/schedstat
    std::chrono::nanoseconds stall{}; // the longest time its event loop came back late
    std::uint64_t retransmitted = 0;  // TCP segments of its connections sent again: TCP_INFO, tcp(7)
};

/// Of the machine and the control group during one second.
struct machine_evidence {
    double throttled_share = 0; // time stopped by the CPU quota / time; may pass 1 with several threads
    double steal_share = 0; // of the CPUs allowed, time taken by the hypervisor / time: proc(5), /proc/stat
};

/// Of one target during one second ("window"), all threads together. Times in microseconds; 0 where nothing
/// was recorded.
struct window_evidence {
    double length_s = 0;
    bool closed_loop = false; // nothing is ever late: there are no arrivals
    bool spin = false;        // load threads poll: their CPU time says nothing
    std::uint64_t offered = 0;
    std::uint64_t sent = 0;
    std::uint64_t ok = 0;
    std::uint64_t failed = 0; // ended otherwise, timeouts included; not: skipped, unfinished
    std::uint64_t timeouts = 0;
    std::uint64_t skipped = 0;
    std::uint64_t skipped_late = 0;     // of these: the loop was late, a connection was free
    std::uint64_t connections = 0;      // up at its end
    std::uint64_t most_connections = 0; // of -c auto: its bound; else 0
    std::uint64_t waiting_before = 0;   // arrivals without a free connection when it began, and when it ended
    std::uint64_t waiting_after = 0;
    double response_p50_us = 0;
    double response_p99_us = 0;
    double service_p50_us = 0;
    double service_p99_us = 0;
    double service_least_us = 0; // the least service time of the run so far
    double generator_lag_p50_us = 0;
    double generator_lag_p99_us = 0;
    double generator_lag_max_us = 0;
    double connection_wait_p50_us = 0;
    double connection_wait_p99_us = 0;
    double stall_max_us = 0;         // of the worst thread
    double thread_cpu_share = 0;     // of the busiest thread, 1: a whole core
    double run_delay_share = 0;      // of the worst thread
    std::uint64_t retransmitted = 0; // segments
    machine_evidence machine{};
};

} // namespace beastmark::loadgen
