// A target's CPU in what was observed beside a run: --watch, --scrape.
#pragma once

#include "loadgen/efficiency/cpu_series.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen::efficiency {

/// The process or endpoint that has the target's name counts; in a run of one target that none is named
/// after, the only one there is. A process before an endpoint. Of an endpoint: process_cpu_seconds_total, or
/// container_cpu_usage_seconds_total (cAdvisor) of the containers with the target's name.
/// `observed` has `watched` and `scraped` of docs/result.md; anything may be missing.
found_cpu observed_cpu(const nlohmann::json& observed, const std::string& target, bool only_target);

} // namespace beastmark::loadgen::efficiency
