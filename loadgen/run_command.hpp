// `loadgen run`: a run, and what happens around it.
#pragma once

#include "loadgen/run_options.hpp"

namespace beastmark::loadgen {

/// Runs, prints the summary, writes the files. Returns the exit code of docs/design.md section 4. Throws
/// std::invalid_argument for wrong use and std::runtime_error for what could not be done, with one clear line
/// each.
int run_command(const run_options& options);

} // namespace beastmark::loadgen
