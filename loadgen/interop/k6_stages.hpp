// Stages as k6 writes them: --k6-stage 30s:200 goes from the rate before to 200 requests per second.
#pragma once

#include "loadgen/stage.hpp"

#include <string>
#include <vector>

namespace beastmark::loadgen::interop {

/// What k6's ramping-arrival-rate executor does with `stages: [{duration, target}]` and `startRate`, at a
/// timeUnit of 1 s: each stage leads evenly from the target of the one before to its own, DURATION:TARGET. A
/// stage of 0s jumps. From 0 a ramp begins with one request; at 0 nothing is sent.
/// https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/ramping-arrival-rate/
///
/// @param start_rate 0 or more. Throws std::invalid_argument with one clear line.
std::vector<stage> read_k6_stages(const std::string& start_rate, const std::vector<std::string>& texts);

} // namespace beastmark::loadgen::interop
