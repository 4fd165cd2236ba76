// How far a series remembers: the length of the blocks that a bootstrap has to keep together.
#pragma once

#include <cstddef>
#include <span>

namespace beastmark::loadgen::statistics {

/// The block length that serves the variance of the mean best, for circular blocks: Politis and White,
/// "Automatic block-length selection for the dependent bootstrap" (2004), with the correction of Patton,
/// Politis and White (2009). At least 1, for a series without memory; at most a `fewest_blocks`th of its
/// length, so that blocks remain to be drawn from.
std::size_t block_length(std::span<const double> series, std::size_t fewest_blocks);

} // namespace beastmark::loadgen::statistics
