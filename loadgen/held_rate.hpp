// The highest rate that a run held while an objective was kept.
#pragma once

#include "loadgen/compared_run.hpp"
#include "loadgen/spread.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace beastmark::loadgen {

/// What a rate has to keep to count as held: both, strictly.
struct objective {
    double p99_us = 50'000;
    double availability = 0.999;
};

struct held_rate {
    /// Requests per second; 0: not even the lowest rate. `high` is infinite where no rate above is known to
    /// be too much, and the last rate below the one that was where those between decided nothing. Nothing: no
    /// rate was held before one that decided nothing.
    std::optional<bounds> rate;
    std::string why_open; // in words, where the rate is not exact
};

/// Goes up the ladder to the first rate that misses the objective. A stage that is not to be believed decides
/// nothing: what the load generator could not offer is no limit of the service. Nor does one that the run's
/// end cut short, unless its stop condition did.
held_rate find_held_rate(const compared_run& run, const objective& wanted);

/// "generator-limited: a load thread used a whole core".
std::string verdict_in_words(const compared_stage& stage);

} // namespace beastmark::loadgen
