// The part of `loadgen run`'s command line that replays a log.
#pragma once

#include "loadgen/replay_log.hpp"
#include "loadgen/run_arguments.hpp"

#include <memory>

namespace beastmark::loadgen {

void add_replay_options(CLI::App& run, run_arguments& arguments);

/// Null without --replay. Throws std::invalid_argument and std::runtime_error with one clear line.
std::shared_ptr<const replay_log> read_replay(const run_arguments& arguments);

/// The one stage that it is, at its mean rate.
std::vector<stage> stages_of(const replay_log& log);

} // namespace beastmark::loadgen
