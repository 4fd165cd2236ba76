#include "common/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <sched.h>

namespace beastmark {

namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> read_number(const fs::path& file) {
    std::ifstream in{file};
    std::uint64_t number = 0;
    if (in >> number) {
        return number;
    }
    return std::nullopt;
}

// cpu.max holds "<quota> <period>" in microseconds, or "max <period>".
std::optional<double> read_quota_v2(const fs::path& group) {
    std::ifstream in{group / "cpu.max"};
    std::string quota;
    double period = 0;
    if (!(in >> quota >> period) || quota == "max" || period <= 0) {
        return std::nullopt;
    }
    return std::strtod(quota.c_str(), nullptr) / period;
}

// cpu.cfs_quota_us is -1 where there is no limit.
std::optional<double> read_quota_v1(const fs::path& group) {
    std::ifstream in{group / "cpu.cfs_quota_us"};
    double quota = 0;
    const auto period = read_number(group / "cpu.cfs_period_us");
    if (!(in >> quota) || quota <= 0 || !period || *period == 0) {
        return std::nullopt;
    }
    return quota / static_cast<double>(*period);
}

// Does the comma-separated list hold the word?
bool lists(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (list.substr(0, comma) == word) {
            return true;
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

// The group's own path in a line of /proc/self/cgroup, "<number>:<controllers>:<path>".
std::optional<std::string> group_path(const fs::path& root, std::string_view controller) {
    std::ifstream in{root / "proc/self/cgroup"};
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const auto controllers = std::string_view{line}.substr(first + 1, second - first - 1);
        if (controller.empty() ? controllers.empty() : lists(controllers, controller)) {
            return line.substr(second + 1);
        }
    }
    return std::nullopt;
}

// A container often sees its group mounted as the root while /proc/self/cgroup names the host's path.
fs::path folder_of(const fs::path& mount, const std::string& path) {
    const fs::path below =
        fs::path{path}.relative_path(); // empty: the mount itself, without a slash behind it
    return !below.empty() && fs::is_directory(mount / below) ? mount / below : mount;
}

// Calls `visit` with the group and each one above it.
template <class Visit>
void each_group(const fs::path& mount, fs::path group, Visit visit) {
    for (;;) {
        visit(group);
        if (group == mount || !group.has_relative_path()) {
            return;
        }
        group = group.parent_path();
    }
}

template <class Read>
std::optional<double> tightest(const fs::path& mount, const fs::path& group, Read read) {
    std::optional<double> least;
    each_group(mount, group, [&](const fs::path& one) {
        if (const auto limit = read(one); limit && (!least || *limit < *least)) {
            least = limit;
        }
    });
    return least;
}

std::optional<cgroup_throttling> read_throttling(const fs::path& group) {
    std::ifstream in{group / "cpu.stat"};
    cgroup_throttling found;
    bool any = false;
    std::string key;
    for (std::uint64_t value = 0; in >> key >> value;) {
        if (key == "nr_periods") {
            found.periods = value;
            any = true;
        } else if (key == "nr_throttled") {
            found.throttled_periods = value;
        } else if (key == "throttled_usec") {
            found.throttled_seconds = static_cast<double>(value) / 1e6;
        } else if (key == "throttled_time") { // version 1, nanoseconds
            found.throttled_seconds = static_cast<double>(value) / 1e9;
        }
    }
    return any ? std::optional{found} : std::nullopt;
}

} // namespace

cgroup::cgroup(fs::path root)
    : root_{std::move(root)}, v2_{find_v2()}, v1_cpu_{find_v1("cpu")}, v1_memory_{find_v1("memory")} {}

std::optional<cgroup::hierarchy> cgroup::find_v2() const {
    const fs::path mount = root_ / "sys/fs/cgroup";
    const auto path = group_path(root_, "");
    if (!path || !fs::exists(mount / "cgroup.controllers")) {
        return std::nullopt;
    }
    return hierarchy{mount, folder_of(mount, *path)};
}

std::optional<cgroup::hierarchy> cgroup::find_v1(const char* controller) const {
    const auto path = group_path(root_, controller);
    if (!path) {
        return std::nullopt;
    }
    // Most systems mount cpu together with cpuacct, under either order of the names.
    const std::string name = controller;
    for (const auto& folder : {name, name + ",cpuacct", "cpuacct," + name}) {
        if (const fs::path mount = root_ / "sys/fs/cgroup" / folder; fs::is_directory(mount)) {
            return hierarchy{mount, folder_of(mount, *path)};
        }
    }
    return std::nullopt;
}

std::optional<double> cgroup::cpu_limit_cores() const {
    if (v1_cpu_) {
        return tightest(v1_cpu_->mount, v1_cpu_->group, read_quota_v1);
    }
    if (v2_) {
        return tightest(v2_->mount, v2_->group, read_quota_v2);
    }
    return std::nullopt;
}

std::optional<cgroup_throttling> cgroup::throttling() const {
    const auto& from = v1_cpu_ ? v1_cpu_ : v2_;
    if (!from) {
        return std::nullopt;
    }
    std::optional<cgroup_throttling> all;
    each_group(from->mount, from->group, [&](const fs::path& one) {
        if (const auto found = read_throttling(one)) {
            auto& sum = all ? *all : all.emplace();
            sum.periods += found->periods;
            sum.throttled_periods += found->throttled_periods;
            sum.throttled_seconds += found->throttled_seconds;
        }
    });
    return all;
}

std::optional<std::uint64_t> cgroup::memory_usage_bytes() const {
    if (v1_memory_) {
        return read_number(v1_memory_->group / "memory.usage_in_bytes");
    }
    return v2_ ? read_number(v2_->group / "memory.current") : std::nullopt;
}

unsigned affinity_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

unsigned allowed_cores(unsigned affinity, std::optional<double> quota_cores) {
    const unsigned by_quota = quota_cores ? static_cast<unsigned>(std::min(*quota_cores, 4096.0)) : affinity;
    return std::max(std::min(affinity, by_quota), 1U);
}

} // namespace beastmark
