// --stop-when 'availability<90% for 5s': ends a run early when a service is past what it can take.
#pragma once

#include "loadgen/recorder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// METRIC OP VALUE [for DURATION]. METRIC: availability or error_rate (a percentage, or a share from 0 to 1),
/// p50 p90 p99 p99.9 (response time: a duration), rps (ok answers in a second). OP: < <= > >=. The condition
/// has to hold in each second of the duration, which is whole seconds, 1 s when not given.
class stop_condition {
public:
    /// Throws std::invalid_argument with one clear line.
    static stop_condition parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

    /// Looks at the next second. True when the condition has now held long enough. Keeps the count of one
    /// target: use a copy for each.
    bool observe(const row& second);

private:
    enum class metric { availability, error_rate, p50, p90, p99, p999, rps };
    enum class comparison { less, less_equal, greater, greater_equal };

    [[nodiscard]] std::optional<double> value_of(const row& second) const;
    [[nodiscard]] bool holds(double value) const;

    std::string text_;
    metric metric_{};
    comparison comparison_{};
    double bound_ = 0; // a share, microseconds or requests per second
    unsigned seconds_ = 1;
    unsigned held_ = 0;
};

} // namespace beastmark::loadgen
