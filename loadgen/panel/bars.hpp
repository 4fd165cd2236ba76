// Figures as bars of characters: eighths of a block, or what ASCII has instead.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace beastmark::loadgen {

/// A column for each of the newest `columns` values, the last one to the right, as high as it is beside the
/// largest shown. Blank where there is none yet, and where it is 0: anything above 0 is seen.
std::string sparkline(std::span<const double> values, std::size_t columns, bool utf8);

/// `columns` wide, filled by `share` (0 to 1).
std::string progress_bar(double share, std::size_t columns, bool utf8);

} // namespace beastmark::loadgen
