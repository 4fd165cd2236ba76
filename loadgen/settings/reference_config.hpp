// Tester.toml: what the tester of the public benchmark is given (antonputra/tutorials, lesson 231).
#pragma once

#include "loadgen/settings/setting.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::settings {

/// Its clients, delay and timeout as options of `loadgen run`; a "post" stores a device of docs/design.md
/// section 2. Throws std::invalid_argument with one clear line that names the file, the line and the key;
/// std::runtime_error when it cannot be read.
std::vector<setting> read_reference_config(const std::string& path);

/// The same of a text; `path` is for messages.
std::vector<setting> parse_reference_config(std::string_view text, const std::string& path);

} // namespace beastmark::loadgen::settings
