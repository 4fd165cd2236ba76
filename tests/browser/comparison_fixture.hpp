// Results of several targets and rounds, made up: each loaded alone by the same staircase.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace beastmark::fixture {

/// Three rounds of cpp, of go at a third of its rate, and of cpp again as cpp-2; with a database where asked,
/// and go throttled then.
std::vector<nlohmann::json> compared_targets(bool with_database);

} // namespace beastmark::fixture
