// What a request costs: CPU time and, with a price, money; for each stage, in total, and at the highest rate
// that kept its objectives.
#pragma once

#include "loadgen/condition.hpp"
#include "loadgen/efficiency/cpu_series.hpp"
#include "loadgen/run.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen::efficiency {

/// Of requests answered as wanted, in a stretch of the run; nothing where it is not known.
struct costs {
    std::optional<double> cpu_cores;
    std::optional<double> cpu_us_per_request;
    std::optional<double> rps_per_core; // answered by each core in use
    std::optional<double> cost_per_million;
};

/// @param price_per_hour  of all that serves: paid for whether it is busy or not
costs costs_of(std::optional<double> cpu_cores, double achieved_rps, std::optional<double> price_per_hour);

struct stage_costs {
    std::size_t stage = 0;   // among the schedule's segments
    double rate_rps = 0;     // asked; of a stage whose rate changes the mean
    double achieved_rps = 0; // answered as wanted while it lasted
    bool believable = true;
    std::optional<bool> kept_objectives; // nothing: there are none for this target
    costs figures;
};

struct target_costs {
    std::string target;
    found_cpu cpu;
    std::optional<double> price_per_hour;
    std::vector<stage_costs> stages; // without the warm-up
    costs total;                     // CPU: over the stages that have a figure
    /// Place among `stages` of the highest rate that was held to its end, is to be believed and kept every
    /// objective; nothing where none did, or there are no objectives.
    std::optional<std::size_t> at_objectives;
};

/// Of one target. `objectives`: --slo, those of other targets among them.
target_costs find_costs(const run_record& record, std::size_t target, std::span<const condition> objectives,
                        found_cpu cpu, std::optional<double> price_per_hour);

} // namespace beastmark::loadgen::efficiency
