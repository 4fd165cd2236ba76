// What is looked at beside a run, as the command line names it.
#pragma once

#include "loadgen/observer.hpp"
#include "loadgen/run_options.hpp"

namespace beastmark::loadgen {

/// Of --watch and --scrape. Throws std::invalid_argument and std::runtime_error with one clear line.
observer make_observer(const run_options& options);

} // namespace beastmark::loadgen
