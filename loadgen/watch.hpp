// CPU and memory of a process and all its descendants, read from /proc. Everything takes the folder that
// stands for /proc, so that a test can use a tree of its own.
#pragma once

#include "loadgen/observed_spec.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

namespace beastmark::loadgen {

/// What /proc/PID/stat says; times in clock ticks.
struct process_stat {
    pid_t pid = 0;
    pid_t parent = 0;
    std::uint64_t own_ticks = 0;    // utime + stime
    std::uint64_t reaped_ticks = 0; // cutime + cstime: children that ended and were waited for
    std::uint64_t started_ticks = 0;
};

/// The name in the second field may hold spaces and parentheses. Nothing when the line is not of that form.
std::optional<process_stat> parse_process_stat(std::string_view line);

/// Every process of `proc`; those that end meanwhile are left out.
std::vector<process_stat> read_processes(const std::filesystem::path& proc);

/// Those of `pids` that live, and all their descendants: what it costs does not grow with what else runs on
/// the machine. A kernel that does not list a thread's children (/proc/PID/task/TID/children, proc(5),
/// CONFIG_PROC_CHILDREN) makes it read_processes().
std::vector<process_stat> read_trees(const std::filesystem::path& proc, std::vector<pid_t> pids);

/// Cpus_allowed_list of /proc/PID/status, e.g. "0-1"; empty when it cannot be read.
std::string read_cpus_allowed(const std::filesystem::path& proc, pid_t pid);

/// The command line without passwords and the values of secret headers (it goes into a report that people
/// pass on); empty when it cannot be read.
std::string read_command(const std::filesystem::path& proc, pid_t pid);

/// Replaces the values of `password=...` and of `scheme://user:...@` by ***.
std::string blank_passwords(std::string_view command);

/// CPU time of a process tree that only grows. A process once seen in the tree is followed until it ends,
/// also when its parent ended first. A child that ends moves its time into its parent's reaped ticks, most of
/// which was counted while it lived: only the rest is added. A child nobody waits for takes its unseen rest
/// along.
class process_tree {
public:
    explicit process_tree(pid_t root) : root_(root) {}

    /// Ticks used by the tree since the update before; nothing at the first one, or when all of it is gone.
    std::optional<std::uint64_t> update(const std::vector<process_stat>& processes);

    /// Its processes at the last update.
    std::vector<pid_t> members() const;

    /// Whom read_trees() has to be asked for.
    std::vector<pid_t> roots() const { return seen_ ? members() : std::vector{root_}; }

private:
    void adopt(const std::vector<process_stat>& processes,
               std::unordered_map<pid_t, process_stat>& alive) const;

    pid_t root_;
    bool seen_ = false;
    std::unordered_map<pid_t, process_stat> members_;
};

/// Memory of processes: the sum of their proportional set sizes (Pss of smaps_rollup: a page shared by n
/// counts 1/n). Where one of them does not let itself be read: everyone's private part, plus the largest
/// shared part once.
std::uint64_t read_memory_bytes(const std::filesystem::path& proc, const std::vector<pid_t>& pids);

/// One watched process, sampled each second.
class watched_process {
public:
    watched_process(watch_spec spec, std::filesystem::path proc);

    /// False when there is no such process.
    bool exists() const { return exists_; }

    /// Adds a row at `t_s`; the first call is the baseline and adds none. `processes` is read_trees() of now,
    /// of all roots() of all that are watched.
    void sample(double t_s, const std::vector<process_stat>& processes);

    std::vector<pid_t> roots() const { return tree_.roots(); }

    const watch_spec& spec() const { return spec_; }

    const std::string& command() const { return command_; }

    const std::string& cpus() const { return cpus_; }

    /// Columns of equal length; NaN where the process was gone.
    const std::vector<double>& t_s() const { return t_s_; }

    const std::vector<double>& cpu_cores() const { return cpu_cores_; }

    const std::vector<double>& memory_bytes() const { return memory_bytes_; }

private:
    double memory_now();

    watch_spec spec_;
    std::filesystem::path proc_;
    std::string command_;
    std::string cpus_;
    bool exists_ = false;
    process_tree tree_;
    std::optional<double> previous_t_s_;
    // Pss walks page tables, and the kernel lets go of the core only when it is through: what sends requests
    // there waits for it. A pass is repeated so often that it takes 0.05 % of a core, but at least every 10
    // s; in between its last value stands.
    std::chrono::steady_clock::time_point next_memory_pass_{};
    double last_memory_bytes_ = 0;
    std::vector<double> t_s_;
    std::vector<double> cpu_cores_;
    std::vector<double> memory_bytes_;
};

} // namespace beastmark::loadgen
