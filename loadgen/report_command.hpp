// `loadgen report RESULT.json... -o report.html`
#pragma once

#include "loadgen/held_rate.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

struct report_arguments {
    std::vector<std::filesystem::path> results{};
    std::filesystem::path output = "report.html";
    std::string title{};
    std::optional<std::filesystem::path> markdown{}; // where the comparison's table goes, too
    std::string held_p99 = "50ms";
    std::string held_availability = "99.9%";
};

/// Adds the subcommand `report` to the program's command line. When it was chosen (the returned app is true
/// in a condition after parsing), call run_report() with `arguments`, which must outlive the app.
CLI::App* add_report_command(CLI::App& app, report_arguments& arguments);

/// The objective of a comparison. Throws std::invalid_argument with one clear line.
objective objective_of(const report_arguments& arguments);

/// Reads the results and writes the page; of results that are a comparison also its tables, to stdout. 0, or
/// 1 after one line on stderr that names the file and what is wrong with it. Throws as objective_of().
int run_report(const report_arguments& arguments);

} // namespace beastmark::loadgen
