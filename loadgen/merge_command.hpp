// `loadgen merge A/result.json B/result.json... -o DIR`
#pragma once

#include "loadgen/shard_merge.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

struct merge_arguments {
    std::vector<std::filesystem::path> shards{};
    std::string output{};
};

/// Adds the subcommand `merge` to the program's command line; `arguments` must outlive the app.
CLI::App* add_merge_command(CLI::App& app, merge_arguments& arguments);

/// Writes what a run writes, of all of them, tells it on stdout, and returns the exit code. Throws
/// std::runtime_error with one clear line.
int merge_command(const merge_arguments& arguments, std::vector<std::string> argv);

/// The same, of shards that are at hand.
int write_merged(const shard_merge& all, const std::string& folder, std::vector<std::string> argv);

} // namespace beastmark::loadgen
