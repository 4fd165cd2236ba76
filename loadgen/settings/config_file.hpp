// --config FILE: the options of a run as TOML, by their names on the command line.
#pragma once

#include "loadgen/settings/setting.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::settings {

/// One key of the file for each option, `stage = ["10s:100", "1m:100..5k"]` for one that can be repeated.
/// What a body's @FILE, requests and replay name is taken from the folder of the file. Throws
/// std::invalid_argument with one clear line that names the file, the line and the key: not TOML, a key that
/// is no option of `command` (and the nearest that is one), a value of another kind; std::runtime_error when
/// the file cannot be read.
std::vector<setting> read_config(const std::string& path, const CLI::App& command);

/// The same of a text. `path` is for messages and for what is relative to it.
std::vector<setting> parse_config(std::string_view text, const std::string& path, const CLI::App& command);

/// The options that `command` was given, as a file for --config, with what each is for; those that it was not
/// given, and that have a default, as comments. Throws std::invalid_argument for a text that is not UTF-8.
std::string config_text(const CLI::App& command);

/// The one of `known` that `typed` is likely meant to be.
std::string nearest(std::string_view typed, const std::vector<std::string>& known);

} // namespace beastmark::loadgen::settings
