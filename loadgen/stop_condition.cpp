#include "loadgen/stop_condition.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace beastmark::loadgen {

stop_condition stop_condition::parse(std::string_view text) {
    auto rule = condition::parse(text);
    if (rule.right)
        throw std::invalid_argument(
            fmt::format("--stop-when '{}': compare with a value, e.g. 'p99>250ms for 10s'", text));
    return stop_condition(std::move(rule));
}

bool stop_condition::observe(const row& second) {
    const auto value = value_of(rule_.left.what, second);
    held_ = value && rule_.holds(*value, rule_.bound) ? held_ + 1 : 0;
    return held_ >= rule_.seconds.value_or(1);
}

} // namespace beastmark::loadgen
