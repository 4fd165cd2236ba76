// A paired comparison in words and numbers, as people read them.
#pragma once

#include "loadgen/paired/comparison.hpp"

#include <string>
#include <vector>

namespace beastmark::loadgen::paired {

/// "12,000 requests/s", "1,000 to 5,000 requests/s", "as fast as answers came" of a closed loop.
std::string rate_of(const compared_stage& of);

/// "p99", "CPU per request".
std::string title_of(figure what);

/// "3.1 ms", "12.5 us", "0.52 %", "11,980/s".
std::string value_text(figure what, double value);

/// "+3.1 ms [2.4, 3.9]": in one unit, with as many decimals as the interval has a say in.
std::string difference_text(const difference& d);

/// "+12 %"; empty where the base is 0, and of an error rate.
std::string relative_text(const difference& d);

/// "0.4 ms", "not measured".
std::string noise_text(const difference& d);

/// "b's p99 is 3.1 ms (12 %) higher [2.4, 3.9] at 12,000 requests/s; noise floor 0.4 ms".
std::string sentence_of(const comparison& all, const compared_stage& stage, const difference& d);

/// What came out, a sentence each; the first is the one to read.
std::vector<std::string> headline_of(const comparison& all);

/// Of a comparison of a target with itself: how far it is from itself, in each stage.
std::vector<std::string> noise_of(const comparison& null);

} // namespace beastmark::loadgen::paired
