// The run in one line: what is printed once a second where there is no terminal, and drawn on one that is too
// small for the panel.
#pragma once

#include "loadgen/run.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace beastmark::loadgen {

/// What ended in a second and not as ok.
std::uint64_t failures_of(const row& r);

/// `count` of a second's, as a rate.
double per_second(const row& r, std::uint64_t count);

/// The line for a second of a target's, as told at `now`, without colour.
/// @param second null: none is over yet.
std::string progress_text(const run_record& record, std::size_t target_index, const row* second,
                          run_time now);

} // namespace beastmark::loadgen
