// --stop-when 'availability<90% for 5s': ends a run early when a service is past what it can take.
#pragma once

#include "loadgen/condition.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {

/// A condition on single seconds: it has to hold in each second of its duration, 1 s when not given.
class stop_condition {
public:
    /// As condition::parse(), without a figure on the right side. Throws std::invalid_argument with one clear
    /// line.
    static stop_condition parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return rule_.text; }

    /// The target it is meant for; empty: any.
    [[nodiscard]] const std::string& target() const { return rule_.left.target; }

    /// Looks at the next second. True when the condition has now held long enough. Keeps the count of one
    /// target: use a copy for each.
    bool observe(const row& second);

private:
    explicit stop_condition(condition rule) : rule_(std::move(rule)) {}

    condition rule_;
    unsigned held_ = 0;
};

} // namespace beastmark::loadgen
