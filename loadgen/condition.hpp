// A condition on what was measured, as --stop-when and --slo have it: "p99<50ms", "go.p99<=cpp.p99",
// "availability<90% for 5s".
#pragma once

#include "loadgen/recorder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

enum class metric { availability, error_rate, p50, p90, p99, p999, rps };

std::string_view name_of(metric what);

/// A percentile of the response time, in microseconds.
bool is_time(metric what);

/// What `figures` says of it: a share, microseconds or requests per second. Nothing when there is nothing to
/// judge.
std::optional<double> value_of(metric what, const row& figures);

/// "99.95 %", "3.21 ms", "1200/s".
std::string text_of(metric what, double value);

/// [TARGET.]METRIC OP BOUND [for DURATION]. METRIC: availability or error_rate (a percentage, or a share from
/// 0 to 1), p50 p90 p99 p99.9 (response time: a duration), rps (ok answers in a second). OP: < <= > >=.
/// BOUND: a value, or [TARGET.]METRIC of the same unit. DURATION: whole seconds.
struct condition {
    enum class comparison { less, less_equal, greater, greater_equal };

    struct figure {
        std::string target; // empty: any
        metric what{};
    };

    std::string text;
    figure left;
    comparison op{};
    double bound = 0;            // a share, microseconds or requests per second
    std::optional<figure> right; // instead of `bound`
    std::optional<unsigned> seconds;

    /// Throws std::invalid_argument with one clear line.
    static condition parse(std::string_view text);

    [[nodiscard]] bool holds(double value, double against) const;
};

} // namespace beastmark::loadgen
