// What the kernel allows this process: CPUs by affinity, CPU time and memory by control group, version 1
// and 2.
//
// Container runtimes limit CPU time with a quota that std::thread::hardware_concurrency() does not see; a
// program with more busy threads than its quota is stopped for the rest of each period (throttled). Source:
// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the Linux kernel, cgroups(7).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace beastmark {

/// Time this group was stopped for having used up its quota, since the group was made.
struct cgroup_throttling {
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    double throttled_seconds = 0;
};

/// The control group of this process. Reads small files; not for a hot path.
class cgroup {
public:
    /// @param root stands for "/": a test passes a fixture tree.
    explicit cgroup(std::filesystem::path root = "/");

    /// The tightest CPU quota of the group and those above it, in cores (0.5: half of one core); empty:
    /// unlimited.
    [[nodiscard]] std::optional<double> cpu_limit_cores() const;

    /// Of the group and those above it together: a quota stops all groups below it and is counted where it is
    /// set. Empty where the kernel keeps no such figures.
    [[nodiscard]] std::optional<cgroup_throttling> throttling() const;

    /// Memory charged to the group, page cache included; empty where unknown.
    [[nodiscard]] std::optional<std::uint64_t> memory_usage_bytes() const;

private:
    // A hierarchy as this process sees it: where it is mounted, and the group's folder below that.
    struct hierarchy {
        std::filesystem::path mount;
        std::filesystem::path group;
    };

    [[nodiscard]] std::optional<hierarchy> find_v1(const char* controller) const;
    [[nodiscard]] std::optional<hierarchy> find_v2() const;

    std::filesystem::path root_;
    std::optional<hierarchy> v2_;
    std::optional<hierarchy> v1_cpu_;
    std::optional<hierarchy> v1_memory_;
};

/// CPUs in this thread's affinity mask, at least 1. A cgroup cpuset shows here, a quota does not.
unsigned affinity_cpus();

/// How many busy threads this process may run: affinity and quota, rounded down (a rounded-up count is
/// throttled), at least 1.
unsigned allowed_cores(unsigned affinity, std::optional<double> quota_cores);

} // namespace beastmark
