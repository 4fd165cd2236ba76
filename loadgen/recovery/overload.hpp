// When a service was overloaded, and how long it took to be back to normal once the load had fallen.
// Sans-I/O.
//
// RFC 2544 section 26.5 measures so how a network device recovers: overload, lower the rate, and count the
// time until the last frame is lost. A service may lose nothing and be slow for long, so that response time
// has to be back, too.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace beastmark::loadgen::recovery {

/// A second of one target.
struct observed_second {
    double start_s = 0;
    double end_s = 0;
    double rate_rps = 0; // asked, in its middle
    std::optional<double> p99_us;
    std::optional<double> error_rate;
    bool believable = true;
    bool overloaded = false; // saturated, or fewer than 99 % answered as wanted
};

/// A stage, for where an overload began.
struct load_stretch {
    double start_s = 0;
    double end_s = 0;
    bool holds = true; // one rate all the time
};

/// What counts as normal: the median of the seconds before the overload, and what is above it by no more
/// than a tenth or than these seconds themselves do: three times their median absolute deviation, scaled to a
/// standard deviation (1.4826). For an error rate a tenth of a percent point is none.
struct normal_level {
    double median = 0;
    double limit = 0;
};

struct overload {
    double began_s = 0;
    /// The highest rate asked before the stage in which it began, or before it in a stage whose rate changed;
    /// 0: none.
    double held_rps = 0;
    /// Of the seconds at 90 % of that rate and more; nothing where these are fewer than three.
    std::optional<normal_level> p99_us;
    std::optional<normal_level> error_rate;
    std::optional<double> ended_s; // the rate asked is at most `held_rps` from then on; nothing: never
    /// From then to the first of three seconds in a row that are normal; nothing: there are none.
    std::optional<double> back_after_s;
    double watched_s = 0; // how long after `ended_s` the run went on
};

/// It begins with the first of three overloaded seconds in a row. Seconds that are not to be believed are
/// left out of everything but the rate asked. Nothing where there was no overload.
std::optional<overload> find_overload(std::span<const observed_second> seconds,
                                      std::span<const load_stretch> stages);

normal_level level_of(std::vector<double> values, double at_least);

} // namespace beastmark::loadgen::recovery
