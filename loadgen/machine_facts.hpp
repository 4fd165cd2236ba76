// What the kernel says about this machine that matters to a load test; machine_checks.hpp judges it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace beastmark::loadgen {

/// Empty where the kernel does not say.
struct machine_facts {
    std::uint64_t descriptors = 0; // RLIMIT_NOFILE: in force, and as far as it can be raised
    std::uint64_t descriptors_most = 0;
    std::optional<std::uint64_t> ports{};   // for connections to one address and port
    std::optional<unsigned> reuse{};        // net.ipv4.tcp_tw_reuse: 0 no, 1 yes, 2 on loopback
    unsigned cpus = 1;                      // of the affinity mask
    std::optional<double> quota_cores{};    // of the control group
    std::optional<std::uint64_t> backlog{}; // net.core.somaxconn
    std::string clock_source{};
    std::chrono::nanoseconds timer_resolution{};
    std::optional<double> timer_p99_us{}; // how late timers came: measured
    double steal_share = 0;               // of the CPUs, in the last second: measured
};

/// All but what is measured. Does not raise the limit on descriptors.
/// @param root stands for "/": a test passes a fixture tree.
machine_facts gather_machine_facts(const std::filesystem::path& root = "/");

} // namespace beastmark::loadgen
