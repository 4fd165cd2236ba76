// The load as people type it: rates ("10k") and stages ("30s:500", "5m:500..10k", "5m:500..10k/20").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

enum class stage_kind { hold, linear, staircase, closed, replay };

std::string_view name_of(stage_kind kind);

/// One stage of a schedule. Rates are totals over all threads, in requests per second; of a closed loop,
/// whose requests follow from the answers, there is none (0), and of a replay it is the mean.
struct stage {
    stage_kind kind = stage_kind::hold;
    std::chrono::nanoseconds duration{};
    double from_rps = 0;
    double to_rps = 0;  // hold: equal to from_rps
    unsigned steps = 1; // staircase: how many equal holds, the first at from_rps, the last at to_rps

    friend bool operator==(const stage&, const stage&) = default;
};

/// Reads a rate in requests per second, with an optional k (10^3), M (10^6) or G (10^9): "500", "2.5k", "1M".
/// Throws std::invalid_argument with one clear line.
double parse_rate(std::string_view text);

/// The same, and 0. Nothing for anything else.
std::optional<double> rate_from(std::string_view text);

/// Reads DUR:RATE (hold), DUR:A..B (linear) or DUR:A..B/N (N equal holds, A and B included, DUR in total).
/// Throws std::invalid_argument with one clear line.
stage parse_stage(std::string_view text);

} // namespace beastmark::loadgen
