// A histogram in a few plain numbers, for the heat map of a chart: counts by tenths of a decade.
#pragma once

#include "common/histogram.hpp"

#include <cstdint>
#include <vector>

namespace beastmark::loadgen {

struct bucket_total {
    std::uint8_t bucket = 0;
    std::uint64_t count = 0;
};

constexpr unsigned highest_tenth = 90;

/// The values counted by the tenth of a decade they are in: bucket k holds the values v, in microseconds,
/// with floor(10 * log10(v)) == k; below 1 us it is 0, above 10^9 us 90. Ascending, only those above zero. A
/// value is taken as the histogram reports it: less than 0.1 % too high.
std::vector<bucket_total> tenths_of_decades(const histogram& h);

} // namespace beastmark::loadgen
