#include "loadgen/doctor_command.hpp"

#include "common/cgroup.hpp"
#include "common/descriptor_limit.hpp"
#include "common/duration.hpp"
#include "loadgen/diagnosis.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/grouped.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/probe.hpp"
#include "loadgen/stage.hpp"
#include "loadgen/tell.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include <unistd.h>

namespace beastmark::loadgen {

namespace {

using namespace std::chrono_literals;

// More cost memory and ports, not rate; each run makes its own, and their ports rest for a minute.
constexpr std::uint32_t most_connections = 1000;
constexpr auto timer_length = 1s;
constexpr auto shortest_hold = 1s; // seconds are what is judged
constexpr auto longest_hold = 60s;

// The line on stderr while it goes on; none when that is no terminal.
class progress_line {
public:
    void show(const std::string& text) const {
        if (!terminal_)
            return;
        tell("\r\x1b[K{}", text);
        std::fflush(stderr);
    }

    progress_line() = default;
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    ~progress_line() { show(""); }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) != 0;
};

// Both ends of each connection are in this process.
std::uint32_t connections_here(std::uint32_t asked, std::uint32_t threads) {
    const auto limit = raise_descriptor_limit();
    const auto others = 2 * descriptors_needed(0, 1, threads); // a run's, and room for the null server's
    const auto wanted = std::min(asked, most_connections);
    if (limit < others + 2)
        throw std::runtime_error(
            fmt::format("descriptor limit {} is too low to measure anything: raise it with ulimit -Hn {}",
                        limit, others + 2 * std::uint64_t{wanted}));
    const auto possible = (limit - others) / 2;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, possible));
}

calibration_settings settings_for(const doctor_options& options, const machine_facts& machine) {
    calibration_settings s;
    s.hold = options.hold;
    s.asked = options.wish.rate;
    const auto cpus = allowed_cpus();
    s.placement = place(cpus);
    const auto cores = allowed_cores(machine.cpus, machine.quota_cores);
    if (cores < 2)
        s.placement.shared = true;
    const auto cores_left = std::max(cores - 1, 1U); // by the null server
    s.threads = std::min(options.wish.threads, cores_left);
    s.connections = connections_here(options.wish.connections, s.threads);
    s.threads = std::min(s.threads, s.connections);
    return s;
}

// Takes a second.
void measure_idle(diagnosis& found) {
    const bound_to bound(found.with.placement.load);
    machine_probe machine;
    machine.sample(std::chrono::steady_clock::now());
    found.timer = measure_timer_error(timer_length);
    found.machine.steal_share = machine.sample(std::chrono::steady_clock::now()).steal_share;
    found.machine.timer_p99_us = found.timer.p99_us;
}

diagnosis examine(const doctor_options& options) {
    const progress_line line;
    diagnosis found{.wish = options.wish, .machine = gather_machine_facts()};
    found.with = settings_for(options, found.machine);
    line.show("timers, without load");
    measure_idle(found);
    found.findings = check_machine(found.machine, options.wish);
    found.with.trying = [&line](double rps, unsigned attempt) {
        line.show(fmt::format("run {}: {} requests/s", attempt,
                              grouped(static_cast<std::uint64_t>(std::llround(rps)))));
    };
    found.measured = calibrate(found.with);
    return found;
}

} // namespace

CLI::App* add_doctor_command(CLI::App& app, doctor_arguments& a) {
    auto* doctor = app.add_subcommand(
        "doctor", "Find out what this load generator can do on this machine, and what is in its way");
    doctor->add_option(
        "-R,--rate", a.rate,
        "requests per second you want to send; exit code 3 when this machine is not good for it");
    doctor->add_option("-c,--connections", a.connections, "connections you want to use")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    doctor->add_option("-t,--threads", a.threads, "threads you want to use [as many as cores are allowed]")
        ->check(CLI::Range(1, 1024));
    doctor->add_option("-d,--duration", a.duration, "how long to hold each rate, about 12 of them; 1s to 1m")
        ->capture_default_str();
    doctor->add_option("--json", a.json,
                       "write the figures to this file, or with - to stdout, without the text");
    return doctor;
}

doctor_options check(const doctor_arguments& a) {
    doctor_options o{.wish = {}, .hold = {}, .json = a.json};
    if (!a.rate.empty())
        o.wish.rate = parse_rate(a.rate);
    o.wish.connections = a.connections;
    o.wish.threads = a.threads.value_or(allowed_cores(affinity_cpus(), cgroup().cpu_limit_cores()));
    const auto hold = parse_duration(a.duration);
    if (!hold || *hold < shortest_hold || *hold > longest_hold)
        throw std::invalid_argument(fmt::format(
            "-d '{}': give a duration from 1s to 1m, e.g. 2s: each rate is held so long", a.duration));
    o.hold = *hold;
    return o;
}

int doctor_command(const doctor_options& options) {
    if (options.json != "-")
        require_folder_of("--json", options.json);
    const auto found = examine(options);
    if (found.measured.signal != 0)
        return 128 + found.measured.signal;
    const int exit_code = found.good().value_or(true) ? 0 : exits::objective_missed;
    const auto json = json_of(found, exit_code).dump(1) + "\n";
    if (options.json == "-") {
        show("{}", json);
    } else {
        show("{}", text_of(found));
        if (!options.json.empty())
            write_file(options.json, json);
    }
    std::fflush(stdout);
    return exit_code;
}

} // namespace beastmark::loadgen
