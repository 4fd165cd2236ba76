#include "loadgen/settings/environment.hpp"

#include <CLI/CLI.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>

#include <algorithm>
#include <cstdlib>

namespace beastmark::loadgen::settings {

std::string variable_of(std::string_view key) {
    std::string name = "LOADGEN_";
    std::ranges::transform(key, std::back_inserter(name), [](char c) {
        return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

std::vector<setting> read_environment(const CLI::App& command) {
    std::vector<setting> read;
    for (const auto* const option : settable(command)) {
        const auto name = variable_of(key_of(*option));
        const auto* const value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): one thread yet
        if (value == nullptr || *value == '\0')
            continue;
        auto& added = read.emplace_back(setting{key_of(*option), {value}, name});
        if (!is_repeatable(*option))
            continue;
        const std::string lines = value;
        boost::split(added.texts, lines, boost::is_any_of("\n"));
        std::erase(added.texts, "");
    }
    return read;
}

} // namespace beastmark::loadgen::settings
