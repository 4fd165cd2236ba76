// The text of vegeta report -type=hdrplot, which HdrHistogram's plotter reads.
#pragma once

#include "common/histogram.hpp"

#include <string>

namespace beastmark::loadgen::interop {

/// A line at each percentile level, with vegeta's heading and columns: milliseconds, the level as a share of
/// 1, how many values are up to it, and 1 / (1 - level), 10,000,000 at the end. Of an empty histogram the
/// heading. https://github.com/tsenart/vegeta (README, "report -type=hdrplot")
std::string hdrplot(const histogram& values);

} // namespace beastmark::loadgen::interop
