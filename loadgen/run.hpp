// A run from its first connection to its last answer: resolves, connects, starts the workers together,
// collects what they count, watches for the end.
#pragma once

#include "loadgen/plan.hpp"
#include "loadgen/recorder.hpp"
#include "loadgen/run_options.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// Which condition ended the run.
struct stop_event {
    std::size_t target = 0;
    run_time at{};
};

struct run_record {
    plan what;
    std::vector<target_record> targets{}; // in the order of the plan's
    std::chrono::system_clock::time_point started_at{};
    std::chrono::system_clock::time_point ended_at{};
    run_time duration{};   // of the arrivals: as planned, or up to the early end
    run_time last_event{}; // when the last answer came, at least `duration`
    int signal = 0;        // SIGINT or SIGTERM, when one ended it
    std::optional<stop_event> stopped{};

    /// Without the warm-up: how long arrivals were measured, and until the last answer.
    [[nodiscard]] run_time measured() const { return std::max(run_time{}, duration - what.warmup); }

    [[nodiscard]] run_time answered_in() const { return std::max(run_time{}, last_event - what.warmup); }

    /// Of one target, over its arrivals.
    [[nodiscard]] summary_judgement judged(std::size_t target) const {
        return targets[target].judged_until(duration);
    }

    /// Every target is to be believed.
    [[nodiscard]] bool believable() const;

    /// The most that were up to a target at the end of a second.
    [[nodiscard]] std::uint64_t connections_reached() const;
};

/// "64 connections", of -c auto "12 connections (auto, up to 10000)".
std::string connections_text(const run_record& record);

/// What a run tells while it goes on, on the calling thread.
struct run_observer {
    std::function<void(const run_record&, std::chrono::steady_clock::time_point t0)> started{};
    std::function<void(const run_record&, run_time now)> tick{}; // about ten times a second
    std::function<void()> interrupted{};                         // the first signal
    std::function<void(const std::string&)> noted{};             // something worth a line, once
    // A second of a target has closed: the last of its rows, and what was recorded during it.
    std::function<void(const run_record&, std::size_t target, const latencies&)> row_closed{};
    // When arrivals begin, asked once all connections are up, on a thread of its own, which it may block: for
    // a start with others. What it throws ends the run. Not set: at once.
    std::function<std::chrono::steady_clock::time_point()> agree_on_start{};
    // What a thread counted of a target during a second, before it is added to the record.
    std::function<void(const report_block&, const machine_evidence&)> counted{};
};

/// Decides while a run goes on what it is to do next: asked about ten times a second, on the calling thread.
/// Nothing: as before. A schedule is the one before with stages put between its last arrival and its end, and
/// begins none of them before `now`; open loop only. What waits for a connection when it is taken over is
/// given up as unfinished.
using schedule_source = std::function<std::optional<schedule>(const run_record&, run_time now)>;

/// What a run has open at the most: connections (of each target); for each thread an event loop, its figures
/// from the kernel and two timers for each target; logs, files and scrapes.
constexpr std::uint64_t descriptors_needed(std::uint64_t connections, std::uint64_t targets,
                                           std::uint64_t threads) noexcept {
    return connections * targets + threads * (4 + 2 * targets) + 64;
}

/// The plan of checked options: resolves the targets' names. Throws std::invalid_argument for what was asked
/// wrongly, std::runtime_error for a name that does not resolve or too few descriptors; one clear line each.
plan make_plan(const run_options& options);

/// Runs it. Throws std::runtime_error with one clear line when a target cannot be reached before the start. A
/// second SIGINT or SIGTERM ends the process at once.
run_record run(plan what, const std::optional<stop_condition>& stop_when, const run_observer& tell,
               const schedule_source& more = {});

} // namespace beastmark::loadgen
