// What the commands that run a load have in common around it: the processes and endpoints they look at, and
// the folder they write to.
#pragma once

#include "loadgen/observer.hpp"
#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>

namespace beastmark::loadgen {

/// Of --watch and --scrape. Throws std::invalid_argument and std::runtime_error with one clear line.
observer make_observer(const run_options& options);

/// Makes it. Throws std::runtime_error with one clear line.
void require_folder(const std::string& folder);

/// Those of a run before this one: beside a timeline of this run they would tell of another.
void remove_results(const std::filesystem::path& folder, const run_record& record);

/// result.json, report.html and the percentiles of each target, and says so. Throws std::runtime_error with
/// one clear line.
void write_results(const run_options& options, const run_record& record, const nlohmann::json& result);

} // namespace beastmark::loadgen
