// Where and how a run was made, so that it can be judged and repeated.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>

namespace beastmark::loadgen {

/// `manifest.host` of docs/result.md.
nlohmann::json describe_host();

/// The arguments as a line for a POSIX shell.
std::string shell_command(std::span<const std::string> arguments);

} // namespace beastmark::loadgen
