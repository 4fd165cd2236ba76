#include "loadgen/condition.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

constexpr std::array<std::pair<std::string_view, metric>, 7> metrics{{{"availability", metric::availability},
                                                                      {"error_rate", metric::error_rate},
                                                                      {"p50", metric::p50},
                                                                      {"p90", metric::p90},
                                                                      {"p99", metric::p99},
                                                                      {"p99.9", metric::p999},
                                                                      {"rps", metric::rps}}};

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("condition '{}': {} (e.g. 'availability<90%' or 'p99>250ms')", text, why));
}

std::string_view trim(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool is_share(metric what) {
    return what == metric::availability || what == metric::error_rate;
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

// 1 - 0.99 is 0.01 and a bit more: an exact bound must hold.
double rounded(double share) {
    constexpr double steps = 1e12;
    return std::round(share * steps) / steps;
}

// "p99", or "go.p99": the name of a target may hold dots, and so does p99.9.
std::optional<condition::figure> read_figure(std::string_view text) {
    std::optional<condition::figure> found;
    for (const auto& [name, what] : metrics) {
        if (text == name)
            return condition::figure{{}, what};
        if (text.size() > name.size() + 1 && text.ends_with(name) &&
            text[text.size() - name.size() - 1] == '.')
            found = condition::figure{std::string(text.substr(0, text.size() - name.size() - 1)), what};
    }
    return found;
}

double read_bound(std::string_view text, metric what, std::string_view value) {
    if (is_share(what)) {
        const auto share = read_share(value);
        if (!share)
            fail(text, fmt::format("'{}' is not a percentage from 0% to 100%", value));
        return *share;
    }
    if (what == metric::rps)
        return parse_rate(value);
    const auto duration = parse_duration(value);
    if (!duration)
        fail(text, fmt::format("'{}' is not a duration, e.g. 250ms", value));
    return static_cast<double>(duration->count()) / 1000;
}

unsigned read_seconds(std::string_view text, std::string_view wanted) {
    constexpr std::chrono::nanoseconds longest =
        std::chrono::hours(100 * 8766); // than which no run is longer
    const auto duration = parse_duration(wanted);
    if (!duration || duration->count() <= 0 || duration->count() % 1'000'000'000 != 0)
        fail(text, fmt::format("'{}' is not a number of whole seconds", wanted));
    if (*duration > longest)
        fail(text, fmt::format("'{}' is longer than 100 years", wanted));
    return static_cast<unsigned>(duration->count() / 1'000'000'000);
}

} // namespace

bool is_time(metric what) {
    return !is_share(what) && what != metric::rps;
}

std::string_view name_of(metric what) {
    return std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.second == what; })
        ->first;
}

std::optional<double> value_of(metric what, const row& figures) {
    if (what == metric::availability)
        return figures.availability;
    if (what == metric::error_rate)
        return figures.availability ? std::optional(rounded(1 - *figures.availability)) : std::nullopt;
    if (what == metric::rps) {
        const auto seconds = std::chrono::duration<double>(figures.length).count();
        return seconds > 0 ? std::optional(static_cast<double>(figures.of(outcome::ok)) / seconds)
                           : std::nullopt;
    }
    const auto& response = figures.response;
    if (response.count == 0)
        return std::nullopt;
    switch (what) {
    case metric::p50:
        return response.p50_us;
    case metric::p90:
        return response.p90_us;
    case metric::p99:
        return response.p99_us;
    default:
        return response.p999_us;
    }
}

std::string text_of(metric what, double value) {
    if (is_share(what))
        return fmt::format("{:.6g} %", 100 * value);
    return what == metric::rps ? fmt::format("{:.6g}/s", value) : human_us(value);
}

condition condition::parse(std::string_view text) {
    condition result;
    result.text = text;
    auto rule = trim(text);
    if (const auto word = rule.find(" for "); word != std::string_view::npos) {
        result.seconds = read_seconds(text, trim(rule.substr(word + 5)));
        rule = trim(rule.substr(0, word));
    }
    const auto mark = rule.find_first_of("<>");
    if (mark == std::string_view::npos)
        fail(text, "no comparison, one of < <= > >=");
    const auto or_equal = rule.substr(mark + 1).starts_with('=');
    if (rule[mark] == '<')
        result.op = or_equal ? comparison::less_equal : comparison::less;
    else
        result.op = or_equal ? comparison::greater_equal : comparison::greater;

    const auto name = trim(rule.substr(0, mark));
    const auto left = read_figure(name);
    if (!left)
        fail(text,
             fmt::format("'{}' is unknown; there are availability, error_rate, p50, p90, p99, p99.9, rps",
                         name));
    result.left = *left;
    const auto value = trim(rule.substr(mark + (or_equal ? 2 : 1)));
    result.right = read_figure(value);
    if (!result.right)
        result.bound = read_bound(text, left->what, value);
    else if (is_share(result.right->what) != is_share(left->what) ||
             is_time(result.right->what) != is_time(left->what))
        fail(text, fmt::format("{} and {} have different units", name, value));
    return result;
}

bool condition::holds(double value, double against) const {
    switch (op) {
    case comparison::less:
        return value < against;
    case comparison::less_equal:
        return value <= against;
    case comparison::greater:
        return value > against;
    case comparison::greater_equal:
        return value >= against;
    }
    return false;
}

} // namespace beastmark::loadgen
