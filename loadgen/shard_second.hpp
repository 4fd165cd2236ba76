// A second of a shard as a line of shard.ndjson: all that a thread counted in it, so that the seconds of
// several shards can be put together as those of several threads are.
#pragma once

#include "loadgen/evidence.hpp"
#include "loadgen/mailbox.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>

namespace beastmark::loadgen {

struct shard_second {
    report_block block; // `last` is not told
    machine_evidence machine;
};

/// docs/result.md has it. Exact: read_second() gives back the same counts, histograms and sums.
nlohmann::json second_json(const report_block& block, const machine_evidence& machine);

/// `targets` and `segments`: how many there are. Throws std::runtime_error with what is wrong, which also
/// holds for a line from a stranger.
shard_second read_second(const nlohmann::json& line, std::size_t targets, std::size_t segments);

/// Of the same target and row. Counts add up; of evidence the worst counts, as among threads. Commutative and
/// associative.
void merge(shard_second& into, const shard_second& from);

/// Arrivals of it in stages from `first_stage` on.
std::uint64_t offered_from(const shard_second& second, std::size_t first_stage);

} // namespace beastmark::loadgen
