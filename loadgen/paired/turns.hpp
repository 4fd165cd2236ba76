// Two targets that are loaded in turn: who is when.
#pragma once

#include "loadgen/schedule.hpp"
#include "loadgen/stage.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace beastmark::loadgen::paired {

struct turn {
    std::size_t target = 0; // 0 or 1
    std::size_t stage = 0;  // of those that were asked for, a staircase's steps each
    std::size_t number = 0; // in the stage and of its target: the same of both are compared
    loadgen::stage what{};
};

/// Cuts each stage into turns of `length` and gives each of them to both targets, in blocks of four, ABBA or
/// BAAB as the seed has it: what changes slowly falls on both alike, and what changes in a rhythm does not
/// meet one of them each time. So all takes twice as long as was asked.
///
/// Throws std::invalid_argument when a stage is no whole number of turns, in one clear line.
std::vector<turn> take_turns(std::span<const segment> stages, std::chrono::nanoseconds length,
                             std::uint64_t seed);

/// What a target is asked for: its turns, and nothing in the other's. Both come to the same arrivals, each as
/// far into its turn.
std::vector<stage> stages_of(std::span<const turn> turns, std::size_t target);

} // namespace beastmark::loadgen::paired
