// A probe: a rate that was held for a while during a run, and what it says of the service.
#pragma once

#include "loadgen/capacity_search.hpp"
#include "loadgen/condition.hpp"
#include "loadgen/run.hpp"
#include "loadgen/slo.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// What a probe is judged by.
struct probe_evidence {
    struct second {
        bool kept = false;         // every objective, by itself
        std::uint64_t backlog = 0; // in flight and waiting for a connection at its end
        std::uint64_t offered = 0;
    };

    bool believable = true;
    verdict is = verdict::valid; // when it is not
    bool kept = false;           // every objective, over all its requests
    std::vector<second> seconds{};
};

/// From one second to the next more requests are left, by more than 0.2 % of what arrives: the rate is above
/// what the service can do, and time alone keeps the objectives.
bool queue_grows(std::span<const probe_evidence::second> seconds);

/// - held: every objective kept, and the queue does not grow; also when it was disturbed or the load
/// generator
///   late, for that only makes figures worse;
/// - missed: an objective missed, in half of the seconds or with a queue that grows;
/// - inconclusive: kept while the queue grows (over a longer time it would not), or missed for a few seconds
///   only (a hiccup, which more time outweighs);
/// - generator_limited, disturbed: none of these, and not to be believed (docs/design.md section 4).
probe_outcome judge_probe(const probe_evidence& seen);

struct rate_probe {
    std::size_t stage = 0; // of the run
    double rate = 0;
    run_time start{};
    run_time length{};
    probe_outcome outcome{};
    std::vector<slo_result> objectives{};
    std::string why{}; // in words, of one that was not held
};

/// Judges the first target's stage, when all its requests have ended or were given up. An answer that came
/// after the stage's end counts, and so does what was given up.
rate_probe look_at_probe(const run_record& record, std::size_t stage, std::span<const condition> objectives);

} // namespace beastmark::loadgen
