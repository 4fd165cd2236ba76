// From when on a series has settled.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace beastmark::loadgen::statistics {

/// How many values there have to be.
inline constexpr std::size_t fewest_to_judge = 10;

/// MSER-5: of all places to cut, the one after which the mean is known best (White, "An effective truncation
/// heuristic for bias reduction in simulation output", 1997; over means of five values, as White, Cobb and
/// Spratt do it, 2000). A warm-up makes what is left vary more and is cut; cutting more than that leaves less
/// to average. Series of fewer than 100 values have smaller batches, so that there are some twenty.
///
/// How many values to leave out, up to half of them; 0 when it was steady from the start. Nothing when a
/// later cut were clearly better, so that it goes on changing (by 5 % at least), or when there are fewer than
/// 10 to look at.
std::optional<std::size_t> steady_from(std::span<const double> series);

} // namespace beastmark::loadgen::statistics
