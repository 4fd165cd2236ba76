// Whether two results can be compared at all.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace beastmark::loadgen::paired {

/// What speaks against believing a target's figures, one line each: the run was interrupted or stopped,
/// loadgen said itself that they are not to be believed. Empty: nothing.
std::vector<std::string> doubts_about(const nlohmann::json& result, const std::string& target);

/// What was not alike, one line each: the load (schedule, connections, request), the machine, its limits and
/// who ran on which of its CPUs. What only one result tells does not count. Empty: nothing.
std::vector<std::string> unlike(const nlohmann::json& base, const nlohmann::json& other);

} // namespace beastmark::loadgen::paired
