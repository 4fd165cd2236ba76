// `loadgen capacity --slo 'p99<50ms' URL`: the highest rate that a service holds.
#pragma once

#include "loadgen/capacity_run.hpp"
#include "loadgen/run_arguments.hpp"
#include "loadgen/run_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

/// The texts of the command line, before they are checked.
struct capacity_arguments {
    run_arguments load{};
    std::vector<std::string> slos{};
    std::string range = "1k..100k";
    std::string probe_duration = "5s";
    std::string precision = "3%";
    std::uint32_t max_probes = 60;
    std::string settle = "1s";
};

struct capacity_options {
    run_options load{};
    capacity_settings search{};
};

/// Adds the subcommand `capacity` to the program's command line; `arguments` must outlive the app.
CLI::App* add_capacity_command(CLI::App& app, capacity_arguments& arguments);

/// Checks and converts. Throws std::invalid_argument with one clear line.
capacity_options check(const capacity_arguments& arguments, std::vector<std::string> argv);

/// Searches, tells each probe, prints the answer, writes result.json and report.html where asked. 0; 3 when
/// not even the lowest rate is held; 4 when the load generator was the limit or nothing could be believed;
/// 130 or 143 when interrupted. Throws as run_command().
int capacity_command(const capacity_options& options);

} // namespace beastmark::loadgen
