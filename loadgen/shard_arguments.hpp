// The part of `loadgen run`'s command line that says which share of a test it is, and where the shares meet.
#pragma once

#include "loadgen/run_arguments.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace beastmark::loadgen {

void add_shard_options(CLI::App& run, run_arguments& arguments);

// Check and convert. Throw std::invalid_argument with one clear line.

shard read_shard(const std::string& text);

std::optional<barrier_options> read_barrier(const run_arguments& arguments, const shard& share);

/// Above 0. `option`: for the message.
std::chrono::nanoseconds read_duration(const char* option, const std::string& text);

} // namespace beastmark::loadgen
