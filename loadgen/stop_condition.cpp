#include "loadgen/stop_condition.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("condition '{}': {} (e.g. 'availability<90% for 5s' or 'p99>250ms for 10s')", text, why));
}

std::string_view trim(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::optional<double> read_share(std::string_view text) {
    const auto percent = text.ends_with('%');
    if (percent)
        text.remove_suffix(1);
    const auto value = parse_number<double>(text);
    if (!value)
        return std::nullopt;
    const double share = percent ? *value / 100 : *value;
    const auto within = share >= 0 && share <= 1; // false for what is no number
    return within ? std::optional(share) : std::nullopt;
}

} // namespace

stop_condition stop_condition::parse(std::string_view text) {
    stop_condition result;
    result.text_ = text;
    auto rule = trim(text);
    if (const auto word = rule.find(" for "); word != std::string_view::npos) {
        const auto wanted = trim(rule.substr(word + 5));
        const auto duration = parse_duration(wanted);
        if (!duration || duration->count() <= 0 || duration->count() % 1'000'000'000 != 0)
            fail(text, fmt::format("'{}' is not a number of whole seconds", wanted));
        result.seconds_ = static_cast<unsigned>(duration->count() / 1'000'000'000);
        rule = trim(rule.substr(0, word));
    }
    const auto mark = rule.find_first_of("<>");
    if (mark == std::string_view::npos)
        fail(text, "no comparison, one of < <= > >=");
    const auto or_equal = rule.substr(mark + 1).starts_with('=');
    if (rule[mark] == '<')
        result.comparison_ = or_equal ? comparison::less_equal : comparison::less;
    else
        result.comparison_ = or_equal ? comparison::greater_equal : comparison::greater;

    constexpr std::array<std::pair<std::string_view, metric>, 7> names{
        {{"availability", metric::availability},
         {"error_rate", metric::error_rate},
         {"p50", metric::p50},
         {"p90", metric::p90},
         {"p99", metric::p99},
         {"p99.9", metric::p999},
         {"rps", metric::rps}}};
    const auto name = trim(rule.substr(0, mark));
    const auto known =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.first == name; });
    if (known == names.end())
        fail(text,
             fmt::format("'{}' is unknown; there are availability, error_rate, p50, p90, p99, p99.9, rps",
                         name));
    result.metric_ = known->second;

    const auto value = trim(rule.substr(mark + (or_equal ? 2 : 1)));
    if (result.metric_ == metric::availability || result.metric_ == metric::error_rate) {
        const auto share = read_share(value);
        if (!share)
            fail(text, fmt::format("'{}' is not a percentage from 0% to 100%", value));
        result.bound_ = *share;
    } else if (result.metric_ == metric::rps) {
        result.bound_ = parse_rate(value);
    } else {
        const auto duration = parse_duration(value);
        if (!duration)
            fail(text, fmt::format("'{}' is not a duration, e.g. 250ms", value));
        result.bound_ = static_cast<double>(duration->count()) / 1000;
    }
    return result;
}

std::optional<double> stop_condition::value_of(const row& second) const {
    switch (metric_) {
    case metric::availability:
        return second.availability;
    case metric::error_rate:
        return second.availability ? std::optional(1 - *second.availability) : std::nullopt;
    case metric::rps:
        return static_cast<double>(second.of(outcome::ok)) /
               std::chrono::duration<double>(second.length).count();
    default:
        break;
    }
    if (second.response.count == 0)
        return std::nullopt;
    switch (metric_) {
    case metric::p50:
        return second.response.p50_us;
    case metric::p90:
        return second.response.p90_us;
    case metric::p99:
        return second.response.p99_us;
    default:
        return second.response.p999_us;
    }
}

bool stop_condition::holds(double value) const {
    switch (comparison_) {
    case comparison::less:
        return value < bound_;
    case comparison::less_equal:
        return value <= bound_;
    case comparison::greater:
        return value > bound_;
    case comparison::greater_equal:
        return value >= bound_;
    }
    return false;
}

bool stop_condition::observe(const row& second) {
    const auto value = value_of(second);
    held_ = value && holds(*value) ? held_ + 1 : 0;
    return held_ >= seconds_;
}

} // namespace beastmark::loadgen
