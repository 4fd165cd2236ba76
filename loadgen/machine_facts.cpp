#include "loadgen/machine_facts.hpp"

#include "common/cgroup.hpp"

#include <ctime>
#include <fstream>

#include <sys/resource.h>

namespace beastmark::loadgen {

namespace {

namespace fs = std::filesystem;

template <class Value>
std::optional<Value> read(const fs::path& file) {
    std::ifstream in(file);
    Value value{};
    if (in >> value)
        return value;
    return std::nullopt;
}

// ip(7): the first and the last one.
std::optional<std::uint64_t> read_ports(const fs::path& file) {
    std::ifstream in(file);
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (in >> first >> last && last >= first)
        return last - first + 1;
    return std::nullopt;
}

} // namespace

machine_facts gather_machine_facts(const fs::path& root) {
    machine_facts found;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        found.descriptors = limit.rlim_cur;
        found.descriptors_most = limit.rlim_max;
    }
    const auto net = root / "proc/sys/net";
    found.ports = read_ports(net / "ipv4/ip_local_port_range");
    found.reuse = read<unsigned>(net / "ipv4/tcp_tw_reuse");
    found.backlog = read<std::uint64_t>(net / "core/somaxconn");
    found.cpus = affinity_cpus();
    found.quota_cores = cgroup(root).cpu_limit_cores();
    const auto clocks = root / "sys/devices/system/clocksource/clocksource0";
    found.clock_source = read<std::string>(clocks / "current_clocksource").value_or("");
    timespec resolution{};
    if (::clock_getres(CLOCK_MONOTONIC, &resolution) == 0)
        found.timer_resolution =
            std::chrono::seconds(resolution.tv_sec) + std::chrono::nanoseconds(resolution.tv_nsec);
    return found;
}

} // namespace beastmark::loadgen
