// Histograms as other tools read them: HdrHistogram's compressed base64 form and its percentile table.
#pragma once

#include "common/histogram.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beastmark {

/// The counts as one line of text: HdrHistogram's "V2 compressed" form in base64 with padding, what its log
/// files hold ("HISTF..."). Any HdrHistogram library reads it; values are nanoseconds.
///
/// Lost: the exact minimum, maximum and mean (readers have them to 0.1 %), and overflow(): those values are
/// counted at 120 s. The format's counters are signed: one above 2^63 - 1 is written as 2^63 - 1.
/// Throws std::bad_alloc only. https://github.com/HdrHistogram/HdrHistogram (AbstractHistogram.java)
std::string encode_v2(const histogram& values);

/// Reads what encode_v2() wrote, or another library with a lowest discernible value of 1, 3 significant
/// digits, a highest trackable value of 120 s or less, and no normalization or scaling.
///
/// Counts are exact. Each value is taken for the highest of its counter, so min(), max() and mean_ns() are up
/// to 0.1 % above those of the recorded values. Counts of values above 120 s (other libraries' last bucket
/// has room for them) are counted at 120 s and in overflow().
///
/// nullopt for all else: not canonical base64, truncated or with bytes left over, another format or
/// configuration, more than a histogram holds when inflated, or counts that add up to more than 2^63 - 1.
/// Memory is bounded whatever the input. Throws std::bad_alloc only.
std::optional<histogram> decode_v2(std::string_view base64);

/// The text of a .hgrm file, which HdrHistogram's plotter reads: a row at each percentile level, five for
/// every halving of the distance to 100 %, then mean, standard deviation, maximum and count.
///
/// Values are in milliseconds with six decimals, so to the nanosecond. The mean and the maximum are exact,
/// the standard deviation is that of the counters' middles; an empty histogram has no rows.
/// http://hdrhistogram.github.io/HdrHistogram/plotFiles.html
std::string percentile_distribution(const histogram& values);

} // namespace beastmark
