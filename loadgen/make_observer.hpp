// What is looked at beside a run, as the command line names it.
#pragma once

#include "loadgen/observer.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

namespace beastmark::loadgen {

/// Of --watch and --scrape. Throws std::invalid_argument and std::runtime_error with one clear line.
observer make_observer(const run_options& options);

/// What it saw: `watched`, `scraped` and `placement`, as result.json has them.
nlohmann::json observed(const observer& beside);

/// Adds that to a result.
void add_observed(nlohmann::json& result, nlohmann::json seen);

} // namespace beastmark::loadgen
