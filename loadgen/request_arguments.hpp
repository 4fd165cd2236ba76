// The part of the command line that says what is asked: -m, -b and -H, or --requests.
#pragma once

#include "loadgen/run_arguments.hpp"
#include "loadgen/run_options.hpp"

namespace beastmark::loadgen {

void add_asked_options(CLI::App& command, run_arguments& arguments);

/// Reads the files that they name. After --replay, which has requests of its own. Throws
/// std::invalid_argument and std::runtime_error with one clear line.
void read_asked(const run_arguments& arguments, run_options& into);

} // namespace beastmark::loadgen
