// Which options a run has in the end: what was typed goes before the environment, that before a file, that
// before the result that is run again.
#pragma once

#include "loadgen/settings/setting.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::settings {

/// Where the options of a command may come from besides its command line.
struct source_arguments {
    std::string config;        // a TOML file
    std::string again;         // a result.json
    bool print_config = false; // instead of a run
};

void add_source_options(CLI::App& command, source_arguments& arguments);

struct settled_arguments {
    std::vector<std::string> argv; // as if everything had been typed
    std::vector<setting> from;     // what was not typed
    std::string note;              // for stderr, in a line; empty: nothing to say
};

/// Of a subcommand without such options, and where only typed ones are there, what was given. What cannot be
/// parsed comes back as it is, for CLI11 to tell what is wrong. Throws as read_config() and read_again().
settled_arguments settle(std::vector<std::string> argv);

/// The layers as one, from the first, which goes before all others. What excludes one another (a rate and
/// stages) does so from one layer to those behind it; within a layer both stay, and are told to be wrong.
std::vector<setting> merged(const std::vector<std::vector<setting>>& layers);

/// " (test.toml, line 3)" when `message` speaks of something that was not typed, else nothing.
std::string where_of(std::string_view message, const std::vector<setting>& from);

} // namespace beastmark::loadgen::settings
