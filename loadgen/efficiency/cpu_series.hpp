// The CPU that a target used over time, whoever measured it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen::efficiency {

/// A sample taken at t says how many cores were used, on average, in the `look_back_s` before.
struct cpu_series {
    std::string source; // "watch", "scrape" or "prometheus"
    std::string of;     // what was measured, in words
    double look_back_s = 1;
    /// By how much a sample may reach beyond a stage: half a second where each is of a second of the run's
    /// own clock, so that it counts for the stage that has its middle.
    double slack_s = 0.5;
    std::vector<double> t_s; // since the run's first arrival
    std::vector<double> cores;

    /// Over [start_s, end_s]; nothing where no sample lies within.
    [[nodiscard]] std::optional<double> mean_cores(double start_s, double end_s) const;
};

/// A target's series, or why there is none.
struct found_cpu {
    std::optional<cpu_series> series;
    std::string why_not;
};

} // namespace beastmark::loadgen::efficiency
