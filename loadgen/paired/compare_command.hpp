// `loadgen compare BASE NEW...`
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::paired {

struct compare_arguments {
    std::filesystem::path base{};
    std::vector<std::filesystem::path> others{};
    std::vector<std::filesystem::path> again{}; // of the base: for the noise floor
    std::string target{};
    std::string tolerance = "5%";
    std::string error_tolerance = "0.1%";
    std::optional<std::filesystem::path> markdown{};
    bool force = false;
};

/// Adds the subcommand `compare` to the program's command line; `arguments` must outlive the app.
CLI::App* add_compare_command(CLI::App& app, compare_arguments& arguments);

/// 0, 3 when one of the others is worse than the base by more than the tolerance, 4 when a result is not to
/// be believed or nothing could be judged. Throws std::invalid_argument, and std::runtime_error for what
/// cannot be read or compared, with one clear line.
int run_compare(const compare_arguments& arguments);

} // namespace beastmark::loadgen::paired
