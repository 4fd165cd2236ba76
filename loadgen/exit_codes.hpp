// With what loadgen ends, besides 0 and 128 + the signal that ended it: docs/design.md section 4.
#pragma once

namespace beastmark::loadgen::exits {

inline constexpr int could_not_run = 1;
inline constexpr int wrong_use = 2;
inline constexpr int objective_missed = 3;
inline constexpr int not_to_be_believed = 4;
inline constexpr int shards_missing = 5;

} // namespace beastmark::loadgen::exits
