// The part of `loadgen run`'s command line that says how much load there is when.
#pragma once

#include "loadgen/run_arguments.hpp"
#include "loadgen/stage.hpp"

#include <chrono>
#include <vector>

namespace beastmark::loadgen {

// Throw std::invalid_argument with one clear line.

/// Of -R, --stage, --k6-stage, --closed or --clients; not empty.
std::vector<stage> read_stages(const run_arguments& arguments);

/// Puts a stage before the others, at the rate with which they begin.
void prepend_warmup(std::vector<stage>& stages, std::chrono::nanoseconds warmup);

} // namespace beastmark::loadgen
