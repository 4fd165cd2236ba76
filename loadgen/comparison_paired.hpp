// Of a comparison by rounds: what two targets differ by at all rates that both held, stage by stage of the
// same round, and how sure that is.
#pragma once

#include "loadgen/comparison.hpp"
#include "loadgen/statistics/mean_bootstrap.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// A figure of one target over that of another: the geometric mean over all pairs of stages.
struct paired_figure {
    measure what{};
    double ratio = 1;
    statistics::interval likely{}; // holds the true mean ratio with 95 %, of what varies from stage to stage
    statistics::interval surely{}; // all these of a comparison at once
    bool each_round_alike = false; // the mean of each round lies on the same side of 1
    shown found = shown::no_difference;
};

struct paired_targets {
    std::size_t base = 0; // places among the targets
    std::size_t other = 0;
    std::size_t pairs = 0;  // stages of the same rate and round that both held, to be believed in both
    std::size_t rounds = 0; // that have any
    double lowest_rps = 0;
    double highest_rps = 0;
    std::vector<paired_figure> figures{}; // none with fewer pairs than mean_bootstrap::fewest_values
};

/// Each target beside the first one, twins as well. A difference is what `surely` and every round agree on,
/// and what passes the noise floor: the far end of the interval of the same program given twice. With one
/// round nothing is called a difference.
std::vector<paired_targets> pair_with_first(const comparison& all);

/// A sentence for each pair, and one on how to read them; nothing for a single target.
std::vector<std::string> paired_words_of(const comparison& all);

} // namespace beastmark::loadgen
