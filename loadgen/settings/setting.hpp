// What an option of the command line was given elsewhere: in a file, in the environment, in a result.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
class Option;   // NOLINT(readability-identifier-naming)
} // namespace CLI

namespace beastmark::loadgen::settings {

struct setting {
    std::string key;                // the option's: key_of()
    std::vector<std::string> texts; // as one would type them; several only of an option that can be repeated
    std::string where = {};         // "LOADGEN_RATE", "test.toml, line 3"; empty: typed
};

/// The name by which files and the environment know an option: "rate" of -R,--rate, "url" of the positional
/// URL. Empty: it can only be typed, like --help.
std::string key_of(const CLI::Option& option);

/// The options that have such a name, in the order of --help.
std::vector<const CLI::Option*> settable(const CLI::App& command);

/// Null when no option of that name can be set.
const CLI::Option* find(const CLI::App& command, const std::string& key);

/// It has no value: --closed.
bool is_flag(const CLI::Option& option);

/// It may be given several times: --stage.
bool is_repeatable(const CLI::Option& option);

/// Changes the name of the file that the value of an option asks to read: of a body's @FILE, and of those
/// whose value is one. Others stay as they are.
void with_file(std::string_view key, std::vector<std::string>& texts,
               const std::function<std::string(const std::string& name)>& moved);

} // namespace beastmark::loadgen::settings
