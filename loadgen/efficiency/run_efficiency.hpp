// Efficiency of a run: whose CPU it is looks for, for each target, in what was observed and in a Prometheus.
#pragma once

#include "loadgen/efficiency/efficiency.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace beastmark::loadgen::efficiency {

/// Of each target; none when the run was asked neither to observe anything nor for a price. A process comes
/// before an endpoint, which comes before the Prometheus.
/// @param observed  `watched` and `scraped` of docs/result.md
std::vector<target_costs> find_costs(const run_record& record, const run_options& options,
                                     const nlohmann::json& observed);

/// `efficiency` of docs/result.md.
nlohmann::json as_json(const std::vector<target_costs>& found);

} // namespace beastmark::loadgen::efficiency
