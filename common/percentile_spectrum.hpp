// The values of a histogram at HdrHistogram's percentile levels: what its plotter and a page draw.
#pragma once

#include "common/histogram.hpp"

#include <cstdint>
#include <vector>

namespace beastmark {

struct percentile_point {
    double above = 0; // the part of 1 that is above the level: 0.01 at 99 %. A distance, because next to
                      // 100 % a percentile in a double stops to change
    std::uint64_t value_ns = 0; // at or below which all others are
    std::uint64_t count = 0;    // of values up to this one

    [[nodiscard]] double percentile() const { return 100 - 100 * above; }
};

/// The value at each level, five for every halving of the distance to 100 % (0, 10, .. 50, 55, .. 75, 77.5,
/// ..), up to the first that is the largest value, then 100 %. About 5 * log2(count) points; none of an empty
/// histogram. One pass over the counters.
/// https://github.com/HdrHistogram/HdrHistogram (PercentileIterator.java)
std::vector<percentile_point> percentile_spectrum(const histogram& values);

} // namespace beastmark
