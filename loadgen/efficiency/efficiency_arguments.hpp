// The part of `loadgen run`'s command line that says what a service costs, and who knows its CPU.
#pragma once

#include "loadgen/run_arguments.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>

namespace beastmark::loadgen::efficiency {

void add_options(CLI::App& run, run_arguments& arguments);

// Check and convert. Throw std::invalid_argument with one clear line.

/// By target; each of `texts` is X, for a run of one target, or NAME=X.
std::map<std::string, double> read_prices(std::span<const std::string> texts,
                                          std::span<const target_spec> targets);

std::optional<url> read_prometheus(const std::string& text);

} // namespace beastmark::loadgen::efficiency
