#include "loadgen/machine_checks.hpp"

#include "common/cgroup.hpp"
#include "loadgen/grouped.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/lane.hpp"
#include "loadgen/readings.hpp"
#include "loadgen/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace beastmark::loadgen {

namespace {

// Others on this machine connect to the same service, too.
constexpr double crowded_share = 0.8;
// A port rests so long after its connection has ended: TIME_WAIT on Linux, tcp(7); with tcp_tw_reuse 1 s.
constexpr std::uint64_t rest_s = 60;
// The kernel counts steal in ticks of 10 ms: less is chance.
constexpr double some_steal = 0.01;
constexpr std::chrono::nanoseconds coarse = std::chrono::microseconds(1);

// Read without a system call, or nearly so, on each of the architectures.
constexpr std::array<std::string_view, 7> fast_clocks{
    "tsc",      "tsc-early",         "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter",
    "timebase", "riscv_clocksource",
};
// Read from a device: microseconds each time, one reader at a time.
constexpr std::array<std::string_view, 5> slow_clocks{"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"};

bool one_of(std::string_view name, std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string limit_text(std::uint64_t limit) {
    return limit > 1'000'000'000'000 ? "no limit" : grouped(limit);
}

finding check_descriptors(const machine_facts& m, const load_wish& wish) {
    const auto needed = descriptors_needed(wish.connections, 1, std::min(wish.threads, wish.connections));
    auto text = limit_text(m.descriptors_most);
    if (m.descriptors < m.descriptors_most)
        text += fmt::format(" at most ({} now, loadgen raises it)", limit_text(m.descriptors));
    text += fmt::format(" for {} connections", grouped(wish.connections));
    if (m.descriptors_most < needed)
        return {"descriptors", finding_kind::problem, std::move(text),
                fmt::format("raise the limit with ulimit -Hn {}, or ask for fewer with -c", needed)};
    return {"descriptors", finding_kind::ok, std::move(text), ""};
}

// How many connections a second can be made to one address and port, if the service closes each after its
// answer, and to which services.
struct churn {
    std::uint64_t rate = 0;
    std::string_view where;
};

churn churn_of(std::uint64_t ports, unsigned reuse) {
    if (reuse == 0)
        return {ports / rest_s, "to one address"};
    return {ports, reuse == 1 ? "to one address" : "on this machine"};
}

finding check_ports(const machine_facts& m, const load_wish& wish) {
    const auto ports = *m.ports;
    const auto often = churn_of(ports, m.reuse.value_or(0));
    auto text = fmt::format("{} for {} connections; {} new ones/s {}", grouped(ports),
                            grouped(wish.connections), grouped(often.rate), often.where);
    if (m.reuse == 2U)
        text += fmt::format(", {}/s to others", grouped(ports / rest_s));
    constexpr auto widen =
        "widen net.ipv4.ip_local_port_range (1024 65535), or give the service more addresses";
    if (wish.connections > ports)
        return {"ports", finding_kind::problem, std::move(text), widen};
    if (static_cast<double>(wish.connections) > crowded_share * static_cast<double>(ports))
        return {"ports", finding_kind::warning, std::move(text), widen};
    if (wish.rate && *wish.rate > static_cast<double>(often.rate))
        return {"ports", finding_kind::warning, std::move(text),
                "too few if the service closes each connection after its answer: have it keep them, "
                "set net.ipv4.tcp_tw_reuse to 1, or give it more addresses"};
    return {"ports", finding_kind::ok, std::move(text), ""};
}

finding check_cores(const machine_facts& m, const load_wish& wish) {
    const auto cores = allowed_cores(m.cpus, m.quota_cores);
    auto text = fmt::format("{} allowed", m.cpus);
    if (m.quota_cores)
        text += fmt::format(", a CPU quota of {:.3g}", *m.quota_cores);
    text += fmt::format(", for {} load thread{}", wish.threads, wish.threads == 1 ? "" : "s");
    if (wish.threads > m.cpus)
        return {
            "cores", finding_kind::problem, std::move(text),
            fmt::format("they disturb each other: ask for {} with -t, or allow more cores (taskset)", cores)};
    if (m.quota_cores && static_cast<double>(wish.threads) > *m.quota_cores)
        return {
            "cores", finding_kind::warning, std::move(text),
            fmt::format("busy threads will be stopped by the quota: raise it, or ask for {} with -t", cores)};
    if (m.cpus == 1)
        return {"cores", finding_kind::warning, std::move(text),
                "a service on this machine shares it: run one of them elsewhere"};
    return {"cores", finding_kind::ok, std::move(text), ""};
}

finding check_backlog(const machine_facts& m, const load_wish& wish) {
    const auto at_once =
        std::min<std::uint64_t>(wish.connections, std::uint64_t{most_connecting} * wish.threads);
    auto text =
        fmt::format("{}: of a service here, {} connect at once", grouped(*m.backlog), grouped(at_once));
    if (*m.backlog < at_once)
        return {"somaxconn", finding_kind::warning, std::move(text),
                fmt::format("some try again after a second: set net.core.somaxconn to {} or more", at_once)};
    return {"somaxconn", finding_kind::ok, std::move(text), ""};
}

finding check_clock(const machine_facts& m) {
    if (one_of(m.clock_source, fast_clocks))
        return {"clock", finding_kind::ok, m.clock_source, ""};
    if (one_of(m.clock_source, slow_clocks))
        return {"clock", finding_kind::problem, m.clock_source + ": microseconds for each look at it",
                "boot with another clocksource= (see available_clocksource), or use another machine"};
    return {"clock", finding_kind::warning, m.clock_source + ": not known to be fast",
            "look whether /sys/devices/system/clocksource/clocksource0/available_clocksource has tsc"};
}

finding check_timer(const machine_facts& m) {
    auto text = fmt::format("steps of {} ns", m.timer_resolution.count());
    if (m.timer_p99_us)
        text += fmt::format(", {} late (p99) without load", human_us(*m.timer_p99_us));
    if (m.timer_resolution > coarse)
        return {"timer", finding_kind::problem, std::move(text),
                "use a kernel with high-resolution timers (CONFIG_HIGH_RES_TIMERS, no highres=off)"};
    if (m.timer_p99_us && *m.timer_p99_us > late_us)
        return {"timer", finding_kind::warning, std::move(text),
                "requests go out late by that much: stop what else runs on these cores, or use a quieter "
                "machine"};
    return {"timer", finding_kind::ok, std::move(text), ""};
}

finding check_steal(const machine_facts& m) {
    auto text = fmt::format("{:.1f} % of the CPU time, taken by the hypervisor", 100 * m.steal_share);
    if (m.steal_share > some_steal)
        return {"steal", finding_kind::warning, std::move(text),
                "use a quieter machine, or one with cores of its own"};
    return {"steal", finding_kind::ok, std::move(text), ""};
}

} // namespace

std::string_view name_of(finding_kind kind) noexcept {
    switch (kind) {
    case finding_kind::ok:
        return "ok";
    case finding_kind::warning:
        return "warning";
    case finding_kind::problem:
        return "problem";
    }
    return "?";
}

std::vector<finding> check_machine(const machine_facts& machine, const load_wish& wish) {
    std::vector<finding> all{check_descriptors(machine, wish)};
    if (machine.ports)
        all.push_back(check_ports(machine, wish));
    all.push_back(check_cores(machine, wish));
    if (machine.backlog)
        all.push_back(check_backlog(machine, wish));
    if (!machine.clock_source.empty())
        all.push_back(check_clock(machine));
    all.push_back(check_timer(machine));
    all.push_back(check_steal(machine));
    return all;
}

} // namespace beastmark::loadgen
