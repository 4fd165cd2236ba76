// Options in the environment: LOADGEN_RATE=10k is --rate 10k.
#pragma once

#include "loadgen/settings/setting.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::settings {

/// "LOADGEN_STOP_WHEN" of "stop-when".
std::string variable_of(std::string_view key);

/// Those that are set and not empty. Of an option that can be repeated each line is one. A variable that
/// belongs to no option is nobody's mistake: Kubernetes sets LOADGEN_SERVICE_HOST for a Service "loadgen".
std::vector<setting> read_environment(const CLI::App& command);

} // namespace beastmark::loadgen::settings
