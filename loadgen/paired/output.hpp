// A paired comparison as a terminal, a pull request and result.json take it.
#pragma once

#include "loadgen/paired/comparison.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen::paired {

/// Sentences, then a table for each stage; at most text_width columns, but for long names.
std::string text_of(const comparison& all);

/// GitHub's tables.
std::string markdown_of(const comparison& all);

/// A pair as docs/result.md describes it.
nlohmann::json json_of(const comparison& all);

/// Reads back what json_of() wrote, as far as a noise floor needs it: stages, figures and their intervals.
comparison read_comparison(const nlohmann::json& pair);

} // namespace beastmark::loadgen::paired
