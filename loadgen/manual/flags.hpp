// What a command line is made of, as its manual, its table and its completions need it.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::manual {

struct flag {
    std::vector<std::string> names; // "-R", "--rate"; of a positional one "URL"
    std::string description;
    std::string value;                // what it is told: "10s", where there is a default
    std::vector<std::string> choices; // all values there are, where they are few
    bool has_value = false;
    bool repeatable = false;
    bool positional = false;
    bool key = false; // it can stand in a file and in the environment
};

struct subcommand {
    std::string name;
    std::string description;
    std::vector<flag> flags;  // in the order of --help
    bool has_sources = false; // --config and the environment
};

std::vector<subcommand> subcommands_of(const CLI::App& app);

} // namespace beastmark::loadgen::manual
