// A target's CPU as the recording rules of deploy/monitoring/rules have it.
#pragma once

#include "loadgen/efficiency/cpu_series.hpp"
#include "loadgen/url.hpp"

#include <chrono>
#include <string>

namespace beastmark::loadgen::efficiency {

/// Asks for beastmark:process_cpu:cores of the job that has the target's name, and where there is none for
/// beastmark:app_cpu:cores (cAdvisor's, on a cluster). A record is of the seconds before it, so that a stage
/// has a figure from 25 s on (45 s): what reaches into the stage before is not its own.
///
/// The clocks of both machines are taken to agree. Blocks, for some seconds at most.
/// @param from when the run's first arrival was due
found_cpu prometheus_cpu(const url& prometheus, const std::string& target,
                         std::chrono::system_clock::time_point from, std::chrono::nanoseconds length);

} // namespace beastmark::loadgen::efficiency
