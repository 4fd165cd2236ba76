// The part of `loadgen run`'s command line that makes a closed loop of clients who join one by one and think.
#pragma once

#include "loadgen/client_steps.hpp"
#include "loadgen/run_arguments.hpp"
#include "loadgen/stage.hpp"

#include <vector>

namespace beastmark::loadgen {

void add_client_options(CLI::App& run, run_arguments& arguments);

// Check and convert. Throw std::invalid_argument with one clear line.

client_steps read_clients(const run_arguments& arguments);

/// A closed stage for each number of clients; none where that does not change.
std::vector<stage> read_client_stages(const run_arguments& arguments);

} // namespace beastmark::loadgen
