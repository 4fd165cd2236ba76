// Figures as people read them.
#pragma once

#include <chrono>
#include <string>

namespace beastmark::loadgen {

/// Latencies: "850 us", "1.23 ms", "2.5 s".
std::string human_us(double us);

/// Counts and rates: "950", "12.3k", "1.25M".
std::string human_count(double value);

/// Rates per second, with their fraction where it matters: "0.5", "99.5", "950", "12.3k".
std::string human_rate(double per_second);

/// A percentile of responses. At or above the timeout it is that of a request given up on when some were
/// (`censored`), how long it would have taken is not known: "1.00 s+".
std::string human_response_us(double us, bool censored, double timeout_us);

/// A clock: "0:07", "12:34", "1:00:00"; "0:00" before the start.
std::string human_clock(std::chrono::seconds t);

} // namespace beastmark::loadgen
