// Reads what disturbs a load test from the kernel: time a load thread waited for its CPU, time the control
// group's quota stopped it, time the hypervisor took. What is made of it is decided in verdict.hpp.
#pragma once

#include "common/cgroup.hpp"
#include "loadgen/evidence.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <unordered_map>
#include <vector>

namespace beastmark::loadgen {

/// Of one thread, since it began; they only grow.
struct thread_times {
    std::chrono::nanoseconds cpu{};       // time on a CPU
    std::chrono::nanoseconds run_delay{}; // time it was ready to run and another ran
};

/// Watches the thread that makes it, and is used by that thread only.
class thread_probe {
public:
    /// Opens `schedstat` once and keeps it open; a file that is missing is no error.
    explicit thread_probe(const std::filesystem::path& schedstat = "/proc/thread-self/schedstat");

    ~thread_probe();

    thread_probe(const thread_probe&) = delete;
    thread_probe& operator=(const thread_probe&) = delete;

    /// Figures of the kernel, in ns; `cpu` is up to date as of the last tick (1 to 10 ms). Where the file is
    /// missing, malformed or the kernel does not count (all zeros): `cpu` of CLOCK_THREAD_CPUTIME_ID, the
    /// same counter, and no run_delay. One or two system calls, no allocation. Source:
    /// Documentation/scheduler/sched-stats.rst.
    thread_times read() const noexcept;

private:
    int file_; // -1: could not be opened
};

/// Watches the control group of this process and the CPUs it may use. Reads small files: about once a second,
/// not on a load thread.
class machine_probe {
public:
    /// The CPUs are those in the affinity mask of the process (its main thread) now.
    /// @param root stands for "/": a test passes a fixture tree.
    explicit machine_probe(const std::filesystem::path& root = "/");

    /// @param cpus numbers as in /proc/stat, each once.
    machine_probe(const std::filesystem::path& root, std::vector<unsigned> cpus);

    /// Shares of the time since the sample before; `steal_share` is 1 at most. Zeros at the first call (the
    /// baseline) and when no time has passed (the sample before stays the baseline). A figure that cannot be
    /// read, now or the time before, gives 0; so does a counter that stepped back, as it may when a virtual
    /// machine or the process moves.
    ///
    /// Steal is counted in ticks of 10 ms (sysconf(_SC_CLK_TCK) a second) on each CPU: in one second on two
    /// CPUs the least share above 0 is 0.005, and smaller ones show up late.
    machine_evidence sample(std::chrono::steady_clock::time_point now);

private:
    struct counters {
        std::chrono::steady_clock::time_point at;
        std::optional<double> throttled_s;
        std::unordered_map<unsigned, std::uint64_t> steal_ticks; // by CPU
    };

    std::uint64_t stolen_ticks(const counters& before, const counters& now) const;

    cgroup group_;
    std::filesystem::path stat_;
    std::vector<unsigned> cpus_;
    std::optional<counters> before_;
};

} // namespace beastmark::loadgen
