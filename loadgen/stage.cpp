#include "loadgen/stage.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

constexpr double highest_rps = 1e9;
constexpr unsigned most_steps = 10'000;

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(fmt::format(
        "stage '{}': {} (write DUR:RATE, DUR:A..B or DUR:A..B/STEPS, e.g. 30s:500 or 5m:500..10k/20)", text,
        why));
}

} // namespace

std::string_view name_of(stage_kind kind) {
    switch (kind) {
    case stage_kind::hold:
        return "hold";
    case stage_kind::linear:
        return "linear";
    case stage_kind::staircase:
        return "staircase";
    case stage_kind::closed:
        return "closed";
    case stage_kind::replay:
        return "replay";
    }
    return "?";
}

std::optional<double> rate_from(std::string_view text) {
    double scale = 1;
    if (!text.empty()) {
        switch (text.back()) {
        case 'k':
        case 'K':
            scale = 1e3;
            break;
        case 'M':
            scale = 1e6;
            break;
        case 'G':
            scale = 1e9;
            break;
        default:
            break;
        }
        if (scale > 1)
            text.remove_suffix(1);
    }
    const auto value = parse_number<double>(text);
    if (!value || !std::isfinite(*value) || *value < 0 || *value * scale > highest_rps)
        return std::nullopt;
    return *value * scale;
}

double parse_rate(std::string_view text) {
    const auto rate = rate_from(text);
    if (!rate || *rate <= 0)
        throw std::invalid_argument(
            fmt::format("rate '{}': give requests per second above 0, up to 1G, e.g. 500, 2.5k or 1M", text));
    return *rate;
}

stage parse_stage(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos)
        fail(text, "no ':' between duration and rate");
    stage result;
    const auto duration = parse_duration(text.substr(0, colon));
    if (!duration || duration->count() <= 0)
        fail(text, fmt::format("'{}' is not a duration", text.substr(0, colon)));
    result.duration = *duration;

    auto rates = text.substr(colon + 1);
    const auto dots = rates.find("..");
    const auto slash = rates.find('/');
    if (slash != std::string_view::npos) {
        const auto steps_text = rates.substr(slash + 1);
        const auto steps = parse_number<decltype(result.steps)>(steps_text);
        if (dots == std::string_view::npos || !steps || *steps < 2 || *steps > most_steps)
            fail(text, fmt::format("'/{}' must be 2 to {} steps after A..B", steps_text, most_steps));
        result.steps = *steps;
        rates = rates.substr(0, slash);
        result.kind = stage_kind::staircase;
    } else if (dots != std::string_view::npos) {
        result.kind = stage_kind::linear;
    }
    const auto read = [&](std::string_view part) {
        const auto rate = rate_from(part);
        if (!rate)
            fail(text, fmt::format("'{}' is not a rate in requests per second", part));
        return *rate;
    };
    result.from_rps = read(rates.substr(0, dots));
    result.to_rps = dots == std::string_view::npos ? result.from_rps : read(rates.substr(dots + 2));
    return result;
}

} // namespace beastmark::loadgen
