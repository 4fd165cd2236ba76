#include "loadgen/buckets.hpp"

#include <algorithm>
#include <cmath>

namespace beastmark::loadgen {

std::vector<bucket_total> tenths_of_decades(const histogram& h) {
    std::vector<bucket_total> totals;
    if (h.count() == 0)
        return totals;
    const auto highest = static_cast<std::uint64_t>(h.max().count());
    const auto last = histogram::index_of(highest);
    for (auto i = histogram::index_of(static_cast<std::uint64_t>(h.min().count())); i <= last; ++i) {
        if (h.count_at(i) == 0)
            continue;
        const auto us = static_cast<double>(std::min(histogram::highest_of(i), highest)) / 1000.0;
        const auto tenth = us < 1 ? 0.0 : std::floor(10 * std::log10(us));
        const auto bucket = static_cast<std::uint8_t>(std::min(tenth, double{highest_tenth}));
        if (totals.empty() || totals.back().bucket != bucket)
            totals.push_back({bucket, 0});
        totals.back().count += h.count_at(i);
    }
    return totals;
}

} // namespace beastmark::loadgen
