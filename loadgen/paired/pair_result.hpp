// What a run that compared two targets found: from its own result, as docs/result.md has it.
#pragma once

#include "loadgen/paired/comparison.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace beastmark::loadgen::paired {

/// The comparison of a null run, for its noise floor; nothing without --noise-floor. Throws
/// std::runtime_error with one clear line when the file is none, or of another load than `config`.
std::vector<comparison> read_noise_floor(const pair_options& pair, const nlohmann::json& config);

/// Says of each stage of `result` whose turn it was, compares, and adds `paired`. Everything but that is
/// there already.
comparison add_comparison(nlohmann::json& result, const run_options& options,
                          const std::vector<comparison>& noise);

/// For a terminal.
std::string text_of(const comparison& found, const pair_options& pair);

} // namespace beastmark::loadgen::paired
