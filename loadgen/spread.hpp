// What several rounds of one figure came to: their median and the range they lie in.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace beastmark::loadgen {

/// What is known of a figure: its value, or what it cannot be below or above. `high` is infinite when it is
/// only known to be at least `low`; a ratio of such figures may have a `low` of 0, which is no bound.
struct bounds {
    double low = 0;
    double high = 0;

    bool operator==(const bounds&) const = default;

    [[nodiscard]] bool exact() const { return low == high; }
};

/// One entry for each round; nothing where the round says nothing.
using by_round = std::vector<std::optional<bounds>>;

struct spread {
    bounds median;
    bounds range;           // from the lowest of the lows to the highest of the highs
    std::size_t rounds = 0; // that had a value
};

/// Which of an even number of values is their median.
enum class middle {
    mean, // of the two in the middle
    lower // of the two, where a value between them was never tried
};

/// Nothing when no round has a value.
std::optional<spread> spread_of(const by_round& rounds, middle even = middle::mean);

/// Round by round: `a` over `b`. Nothing in rounds in which one of them has no value or is 0.
by_round paired_ratio(const by_round& a, const by_round& b);

/// How far from 1 a ratio lies at its furthest, as a logarithm: 2 and 0.5 are as far. Nothing when it has an
/// open end.
std::optional<double> furthest_from_one(const spread& ratio);

enum class shown {
    difference,
    no_difference, // the range includes 1, or the median is as close to it as the same program measured twice
    one_round,     // no range
    noise_not_known // of a figure of which the same program measured twice says nothing
};

/// @param noise  furthest_from_one() of the same program measured twice; 0 where none was, nothing where one
///               was and it is not known
shown what_it_shows(const spread& ratio, std::optional<double> noise);

/// Nothing when there is no value.
std::optional<double> median_of(std::vector<double> values, middle even = middle::mean);

} // namespace beastmark::loadgen
