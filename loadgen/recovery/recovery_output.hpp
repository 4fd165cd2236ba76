// Recovery for readers: result.json, and in words.
#pragma once

#include "loadgen/recovery/recovery.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen::recovery {

/// `recovery` of docs/result.md; null where there is none.
nlohmann::json as_json(const std::optional<ramp_recovery>& found);

/// "On the way down p99 is up to 3.1 times that on the way up (9.1 ms, not 2.9 ms, at 2,000/s). Back to
/// normal 4 s after the overload ended."
std::string text_of(const ramp_recovery& found);

/// Adds to each target of a result how it recovered.
void add_recovery(nlohmann::json& result, const run_record& record);

/// The same for the terminal, a few lines of at most 100 columns; empty where no target has any.
std::string summary_of(const run_record& record);

} // namespace beastmark::loadgen::recovery
