#include "loadgen/recovery/recovery.hpp"

#include "loadgen/stage_figures.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace beastmark::loadgen::recovery {

namespace {

constexpr double available_enough = 0.99;

double in_seconds(std::chrono::nanoseconds t) {
    return std::chrono::duration<double>(t).count();
}

leg_stage as_leg_stage(const stage_figures& stage) {
    const auto& f = stage.figures;
    const auto answered = f.response.count > 0;
    return {.index = stage.index,
            .start_s = in_seconds(stage.where.start),
            .end_s = in_seconds(stage.end),
            .from_rps = stage.where.from_rps,
            .to_rps = stage.where.to_rps,
            .holds = stage.holds(),
            .complete = stage.complete,
            .believable = stage.believable,
            .figures = {.p50_us = answered ? std::optional(f.response.p50_us) : std::nullopt,
                        .p99_us = answered ? std::optional(f.response.p99_us) : std::nullopt,
                        .error_rate = value_of(metric::error_rate, f),
                        .achieved_rps = stage.achieved_rps()}};
}

double rate_at(const schedule& arrivals, run_time t) {
    const auto& s = arrivals.segments()[arrivals.segment_at(t)];
    const auto part = in_seconds(t - s.start) / in_seconds(s.end - s.start);
    return s.from_rps + (s.to_rps - s.from_rps) * std::clamp(part, 0.0, 1.0);
}

/// Those in which arrivals were due, without the warm-up.
std::vector<observed_second> seconds_of(const run_record& record, std::size_t target) {
    std::vector<observed_second> seconds;
    for (const auto& r : record.targets[target].rows()) {
        if (r.warmup || r.middle() >= record.duration)
            continue;
        const auto errors = value_of(metric::error_rate, r);
        seconds.push_back({.start_s = in_seconds(r.ends - r.length),
                           .end_s = in_seconds(r.ends),
                           .rate_rps = rate_at(arrivals_of(record.what, target), r.middle()),
                           .p99_us = value_of(metric::p99, r),
                           .error_rate = errors,
                           .believable = believable(r.judged.is),
                           .overloaded = r.judged.is == verdict::server_saturated ||
                                         (errors && *errors > 1 - available_enough)});
    }
    return seconds;
}

} // namespace

std::optional<ramp_recovery> find_recovery(const run_record& record, std::size_t target) {
    // Turns (--pair abba) go up and down, but not because the load does.
    if (record.what.arrivals.closed_loop() || record.what.targets[target].own)
        return std::nullopt;
    std::vector<leg_stage> stages;
    std::vector<load_stretch> stretches;
    for (const auto& stage : stage_figures_of(record, target)) {
        if (stage.warmup)
            continue;
        stages.push_back(as_leg_stage(stage));
        stretches.push_back({stages.back().start_s, stages.back().end_s, stage.holds()});
    }
    auto legs = find_legs(stages);
    if (!legs)
        return std::nullopt;
    const auto seconds = seconds_of(record, target);
    const auto count = [&](auto is) { return static_cast<std::size_t>(std::ranges::count_if(seconds, is)); };
    return ramp_recovery{std::move(*legs), find_overload(seconds, stretches),
                         count([](const auto& s) { return s.believable && s.overloaded; }),
                         count([](const auto& s) { return !s.believable; })};
}

} // namespace beastmark::loadgen::recovery
