#include "loadgen/spread.hpp"

#include <algorithm>
#include <cmath>

namespace beastmark::loadgen {

std::optional<double> median_of(std::vector<double> values, middle even) {
    if (values.empty())
        return std::nullopt;
    std::sort(values.begin(), values.end());
    const auto half = values.size() / 2;
    if (values.size() % 2 == 1)
        return values[half];
    return even == middle::lower ? values[half - 1] : (values[half - 1] + values[half]) / 2;
}

std::optional<spread> spread_of(const by_round& rounds, middle even) {
    std::vector<double> lows;
    std::vector<double> highs;
    for (const auto& round : rounds) {
        if (!round)
            continue;
        lows.push_back(round->low);
        highs.push_back(round->high);
    }
    if (lows.empty())
        return std::nullopt;
    // The median of the lows is below that of the true values, whatever those are, and so for the highs.
    return spread{
        {*median_of(lows, even), *median_of(highs, even)},
        {*std::min_element(lows.begin(), lows.end()), *std::max_element(highs.begin(), highs.end())},
        lows.size()};
}

by_round paired_ratio(const by_round& a, const by_round& b) {
    by_round ratios(std::min(a.size(), b.size()));
    for (std::size_t i = 0; i < ratios.size(); ++i)
        if (a[i] && b[i] && a[i]->low > 0 && b[i]->low > 0)
            ratios[i] = bounds{a[i]->low / b[i]->high, a[i]->high / b[i]->low};
    return ratios;
}

std::optional<double> furthest_from_one(const spread& ratio) {
    const auto low = std::abs(std::log(ratio.range.low));
    const auto high = std::abs(std::log(ratio.range.high));
    return std::isfinite(low) && std::isfinite(high) ? std::optional(std::max(low, high)) : std::nullopt;
}

shown what_it_shows(const spread& ratio, std::optional<double> noise) {
    if (ratio.range.low <= 1 && ratio.range.high >= 1)
        return shown::no_difference;
    const auto nearest = ratio.range.low > 1 ? ratio.median.low : ratio.median.high;
    if (noise && std::abs(std::log(nearest)) <= *noise)
        return shown::no_difference;
    if (ratio.rounds < 2)
        return shown::one_round;
    return noise ? shown::difference : shown::noise_not_known;
}

} // namespace beastmark::loadgen
