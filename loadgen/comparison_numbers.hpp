// Figures of a comparison as people read them.
#pragma once

#include "loadgen/spread.hpp"

#include <optional>
#include <string>

namespace beastmark::loadgen {

enum class quantity { rate, microseconds, bytes, share };

/// "90,000", "1,250", "12.5".
std::string rate_text(double per_second);

/// Three significant digits, with the unit: "1.2 ms", "13 us", "8.4 MiB", "99.95 %", and as rate_text().
std::string quantity_text(double value, quantity unit);

/// "3.1"; "at least 3.1" and "at most 3.1" of what has an open end, "not known" of what has two, "2.9 to 3.1"
/// of what lies between.
std::string ratio_text(const bounds& ratio);

/// A ratio of two figures of which neither has an upper bound.
bool is_unknown(const bounds& ratio);

/// "90,000", "at least 90,000", "81,000 to 90,000".
std::string figure_text(const bounds& figure, quantity unit);

/// "81,000 to 96,000", "81,000 or more", "each round"; empty with one round.
std::string range_text(const spread& figure, quantity unit);
std::string ratio_range_text(const spread& ratio);

} // namespace beastmark::loadgen
