// `loadgen run`: its command line, and what happens around a run.
#pragma once

#include "loadgen/run_options.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

/// The texts of the command line, before they are checked.
struct run_arguments {
    std::string url;
    std::vector<std::string> targets;
    std::string rate;
    bool closed = false;
    std::string duration; // "10s" when neither this nor a stage is given
    std::vector<std::string> stages;
    std::uint32_t connections = 64;
    std::string threads;
    std::string method;
    std::string body;
    std::vector<std::string> headers;
    std::string timeout = "1s";
    std::optional<unsigned> expect;
    std::string expect_body;
    std::string warmup;
    std::string on_late = "send";
    std::string late_after = "10ms";
    bool spin = false;
    std::string arrivals = "uniform";
    std::uint64_t seed = 1;
    std::string shard;
    std::string stop_when;
    std::vector<std::string> slos;
    std::string output;
    std::string name;
    std::vector<std::string> watches;
    std::vector<std::string> scrapes;
    std::vector<std::string> labels;
    bool plain = false;
};

/// Adds the subcommand `run` to the program's command line; `arguments` must outlive the app.
CLI::App* add_run_command(CLI::App& app, run_arguments& arguments);

/// Checks and converts. Throws std::invalid_argument with one clear line.
run_options check(const run_arguments& arguments, std::vector<std::string> argv);

/// Runs, prints the summary, writes the files. Returns the exit code of docs/design.md section 4. Throws
/// std::invalid_argument for wrong use and std::runtime_error for what could not be done, with one clear line
/// each.
int run_command(const run_options& options);

} // namespace beastmark::loadgen
