// The figures that a comparison puts beside each other.
#pragma once

#include "loadgen/comparison.hpp"

#include <optional>
#include <span>
#include <vector>

namespace beastmark::loadgen {

/// The highest of those rates that each target held, by the median of its rounds.
std::optional<double> highest_held_by_all(const comparison& all, std::span<const double> rates);

/// From the targets and the rates that are equal for all. A figure that no target has is left out.
std::vector<compared_figure> make_table(const comparison& all);

} // namespace beastmark::loadgen
