// The two legs of a ramp: the way up to its highest rate and the way down from it. Sans-I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace beastmark::loadgen::recovery {

struct leg_figures {
    std::optional<double> p50_us;
    std::optional<double> p99_us;
    std::optional<double> error_rate;
    double achieved_rps = 0;
};

/// A stage of the run, but for its warm-up.
struct leg_stage {
    std::size_t index = 0; // among the schedule's segments
    double start_s = 0;
    double end_s = 0; // of the part that was run
    double from_rps = 0;
    double to_rps = 0;
    bool holds = true; // one rate all the time
    bool complete = true;
    bool believable = true;
    leg_figures figures;
};

/// The same rate on the way up and on the way down: the two that are closest to the highest rate.
struct leg_pair {
    double rate_rps = 0;
    std::size_t up_stage = 0;
    std::size_t down_stage = 0;
    bool believable = true; // both are
    leg_figures up;
    leg_figures down;

    /// Down over up; nothing where one of them is not known or 0.
    [[nodiscard]] std::optional<double> p50_ratio() const;
    [[nodiscard]] std::optional<double> p99_ratio() const;
    [[nodiscard]] std::optional<double> achieved_ratio() const;
    /// Down minus up.
    [[nodiscard]] std::optional<double> error_rate_more() const;
};

struct two_legs {
    double peak_rps = 0;
    std::vector<std::size_t> up; // stages, those of the highest rate on both legs
    std::vector<std::size_t> down;
    std::vector<leg_pair> pairs; // ascending; of complete stages that held one rate
};

/// Nothing where there is no way up or no way down.
std::optional<two_legs> find_legs(std::span<const leg_stage> stages);

} // namespace beastmark::loadgen::recovery
