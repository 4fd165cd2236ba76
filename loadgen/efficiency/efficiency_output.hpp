// Efficiency for readers: result.json, and the terminal.
#pragma once

#include "loadgen/efficiency/efficiency.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen::efficiency {

/// A target's part of `efficiency` of docs/result.md.
nlohmann::json as_json(const target_costs& found);

/// A few lines of at most 100 columns.
std::string text_of(const target_costs& found);

/// Why a target has no CPU figures at all; empty when it has.
std::string why_not(const target_costs& found);

} // namespace beastmark::loadgen::efficiency
