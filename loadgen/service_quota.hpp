// What a service's own CPU quota did to it: the answer to "why so little?" in a container.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen {

/// Adds to each target of a result that was throttled, as --scrape of it tells
/// (cgroup_cpu_throttled_seconds_total): `validity.service_throttled` (docs/result.md), and its sentence to
/// `validity.text`. Only the measured part counts. A result without such figures stays as it is.
void add_service_quota(nlohmann::json& result);

/// Those sentences for the terminal, a line each.
std::string service_quota_text(const nlohmann::json& result);

} // namespace beastmark::loadgen
