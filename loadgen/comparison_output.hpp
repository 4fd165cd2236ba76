// A comparison as a terminal, a document and the page take it.
#pragma once

#include "loadgen/comparison.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen {

/// At most text_width columns; many targets get several tables.
std::string comparison_text(const comparison& all);

/// GitHub's tables.
std::string comparison_markdown(const comparison& all, const std::string& title);

/// As docs/result.md describes it.
nlohmann::json comparison_json(const comparison& all);

} // namespace beastmark::loadgen
