// The part of `loadgen run`'s command line that makes a comparison of two targets.
#pragma once

#include "loadgen/run_arguments.hpp"

namespace beastmark::loadgen::paired {

void add_pair_options(CLI::App& run, run_arguments& arguments);

/// `o`: everything else, checked; gets its second target with --aa, and its turns. Throws
/// std::invalid_argument with one clear line.
void read_pair(const run_arguments& arguments, run_options& o);

} // namespace beastmark::loadgen::paired
