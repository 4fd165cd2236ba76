#include "loadgen/paired/turns.hpp"

#include "common/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace beastmark::loadgen::paired {
namespace {

// Part `number` of `count` of a stage.
stage part_of(const segment& all, std::size_t number, std::size_t count) {
    const auto rate_at = [&](std::size_t i) {
        return all.from_rps +
               (all.to_rps - all.from_rps) * static_cast<double>(i) / static_cast<double>(count);
    };
    const auto length = (all.end - all.start) / static_cast<std::int64_t>(count);
    if (all.kind == segment_kind::linear)
        return {stage_kind::linear, length, rate_at(number), rate_at(number + 1), 1};
    return {stage_kind::hold, length, all.from_rps, all.to_rps, 1};
}

} // namespace

std::vector<turn> take_turns(std::span<const segment> stages, std::chrono::nanoseconds length,
                             std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<turn> turns;
    for (std::size_t index = 0; index < stages.size(); ++index) {
        const auto& all = stages[index];
        if ((all.end - all.start) % length != std::chrono::nanoseconds::zero())
            throw std::invalid_argument(fmt::format(
                "--pair abba: a stage of {} is no whole number of turns of {}: change its duration, "
                "or --turn",
                format_duration(all.end - all.start), format_duration(length)));
        const auto count = static_cast<std::size_t>((all.end - all.start) / length);
        for (std::size_t number = 0; number < count; number += 2) {
            const std::size_t first = random() >> 63U;
            const auto add = [&](std::size_t target, std::size_t which) {
                turns.push_back({target, index, which, part_of(all, which, count)});
            };
            add(first, number);
            add(1 - first, number);
            if (number + 1 == count)
                continue;
            add(1 - first, number + 1);
            add(first, number + 1);
        }
    }
    return turns;
}

std::vector<stage> stages_of(std::span<const turn> turns, std::size_t target) {
    std::vector<stage> stages;
    for (const auto& t : turns)
        stages.push_back(t.target == target ? t.what : stage{stage_kind::hold, t.what.duration, 0, 0, 1});
    return stages;
}

} // namespace beastmark::loadgen::paired
