#include "loadgen/paired/words.hpp"

#include "loadgen/comparison_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace beastmark::loadgen::paired {
namespace {

constexpr std::size_t most_sentences = 6;

// What a figure's numbers are divided by to be written, and the unit behind them.
struct scale {
    double factor = 1;
    std::string_view unit;
};

scale scale_of(figure what, double largest) {
    switch (what) {
    case figure::error_rate:
        return {0.01, " %"};
    case figure::throughput_rps:
        return {1, "/s"};
    default:
        break;
    }
    if (largest < 1e3)
        return {1, " us"};
    return largest < 1e6 ? scale{1e3, " ms"} : scale{1e6, " s"};
}

double largest_of(const interval& of, double mean) {
    return std::max({std::abs(of.low), std::abs(of.high), std::abs(mean)});
}

// Of half the interval's width one digit is worth writing, two where the first is small; of what has no width
// three of the value.
int decimals_of(const interval& of, double mean, double factor) {
    constexpr double small = 3.55; // as the Particle Data Group rounds
    const auto width = (of.high - of.low) / 2 / factor;
    const auto exponent = [](double value) { return std::floor(std::log10(value)); };
    double digits = 0;
    if (width > 0)
        digits = (width / std::pow(10, exponent(width)) < small ? 1 : 0) - exponent(width);
    else if (mean != 0)
        digits = 2 - exponent(std::abs(mean / factor));
    return static_cast<int>(std::clamp(digits, 0.0, 6.0));
}

// Zero has no sign.
std::string fixed(double value, int decimals) {
    auto text = fmt::format("{:.{}f}", value, decimals);
    const bool zero = text.find_first_not_of("-0.") == std::string::npos;
    return zero && text.starts_with('-') ? text.substr(1) : text;
}

std::string interval_text(const difference& d, const scale& in, int decimals, double sign) {
    const auto a = fixed(sign * d.likely.low / in.factor, decimals);
    const auto b = fixed(sign * d.likely.high / in.factor, decimals);
    return sign > 0 ? fmt::format("[{}, {}]", a, b) : fmt::format("[{}, {}]", b, a);
}

std::string percent(double share) {
    const auto value = std::abs(share) * 100;
    return value < 9.95 ? fmt::format("{:.2g} %", value) : fmt::format("{:.0f} %", value);
}

std::string possessive(const std::string& name) {
    return name + "'s";
}

std::vector<std::string> differences_of(const comparison& all) {
    std::vector<std::string> sentences;
    for (const auto& stage : all.stages)
        for (const auto& d : stage.differences)
            if (d.found != finding::no_difference)
                sentences.push_back(sentence_of(all, stage, d));
    return sentences;
}

std::string nothing_shown(const comparison& all, const compared_stage& stage) {
    auto text =
        fmt::format("No difference between {} and {} is shown at {}", all.base, all.other, rate_of(stage));
    for (const auto& d : stage.differences)
        if (d.what == figure::p99_us)
            text += fmt::format(": p99 {}", difference_text(d));
    return text;
}

} // namespace

std::string rate_of(const compared_stage& of) {
    if (of.from_rps <= 0 && of.to_rps <= 0)
        return "the rate of a closed loop";
    if (of.from_rps == of.to_rps)
        return rate_text(of.to_rps) + " requests/s";
    return fmt::format("{} to {} requests/s", rate_text(of.from_rps), rate_text(of.to_rps));
}

std::string title_of(figure what) {
    constexpr std::array<std::string_view, figure_count> titles{"error rate", "p99", "p50", "throughput",
                                                                "CPU per request"};
    return std::string(titles[static_cast<std::size_t>(what)]);
}

std::string value_text(figure what, double value) {
    switch (what) {
    case figure::error_rate:
        return fmt::format("{:.3g} %", value * 100);
    case figure::throughput_rps:
        return rate_text(value) + "/s";
    default:
        return quantity_text(value, quantity::microseconds);
    }
}

std::string difference_text(const difference& d) {
    const auto in = scale_of(d.what, largest_of(d.likely, d.mean));
    const auto decimals = decimals_of(d.likely, d.mean, in.factor);
    const auto mean = fixed(d.mean / in.factor, decimals);
    return fmt::format("{}{}{} {}", d.mean > 0 ? "+" : "", mean, in.unit, interval_text(d, in, decimals, 1));
}

std::string relative_text(const difference& d) {
    const auto share = d.what == figure::error_rate ? std::nullopt : d.relative(d.mean);
    return share ? (*share < 0 ? "-" : "+") + percent(*share) : std::string();
}

std::string noise_text(const difference& d) {
    if (!d.noise_floor)
        return "not measured";
    const auto in = scale_of(d.what, *d.noise_floor);
    const auto value = *d.noise_floor / in.factor;
    const auto digits = value > 0 ? 1 - std::floor(std::log10(value)) : 0;
    return fixed(value, static_cast<int>(std::clamp(digits, 0.0, 6.0))) + std::string(in.unit);
}

std::string sentence_of(const comparison& all, const compared_stage& stage, const difference& d) {
    const auto in = scale_of(d.what, largest_of(d.likely, d.mean));
    const auto decimals = decimals_of(d.likely, d.mean, in.factor);
    const double sign = d.mean < 0 ? -1 : 1;
    const auto share = d.what == figure::error_rate ? std::nullopt : d.relative(d.mean);
    return fmt::format("{} {} is {}{}{} {} {} at {}; noise floor {}", possessive(all.other), title_of(d.what),
                       fixed(std::abs(d.mean) / in.factor, decimals), in.unit,
                       share ? fmt::format(" ({})", percent(*share)) : std::string(),
                       d.mean < 0 ? "lower" : "higher", interval_text(d, in, decimals, sign), rate_of(stage),
                       noise_text(d));
}

std::vector<std::string> headline_of(const comparison& all) {
    auto sentences = differences_of(all);
    std::string why;
    for (const auto& stage : all.stages) {
        if (!stage.why_not.empty()) {
            why = fmt::format("No verdict on {} and {} at {}: {}", all.base, all.other, rate_of(stage),
                              stage.why_not);
            continue;
        }
        const bool differs = std::any_of(stage.differences.begin(), stage.differences.end(),
                                         [](const auto& d) { return d.found != finding::no_difference; });
        if (!differs)
            sentences.push_back(nothing_shown(all, stage));
    }
    if (all.stages.empty())
        why = fmt::format("No verdict on {} and {}: no stage of both came to its end", all.base, all.other);
    if (!why.empty())
        sentences.push_back(why);
    if (sentences.size() > most_sentences) {
        const auto more = sentences.size() - most_sentences;
        sentences.resize(most_sentences);
        sentences.push_back(fmt::format("{} more in the table", more));
    }
    return sentences;
}

std::vector<std::string> noise_of(const comparison& null) {
    std::vector<std::string> sentences;
    for (const auto& stage : null.stages) {
        std::string text;
        for (const auto& d : stage.differences) {
            auto floor = d;
            floor.noise_floor = std::max(std::abs(d.likely.low), std::abs(d.likely.high));
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", title_of(d.what), noise_text(floor));
        }
        sentences.push_back(text.empty()
                                ? fmt::format("No noise floor at {}: {}", rate_of(stage), stage.why_not)
                                : fmt::format("Noise floor at {}: {}", rate_of(stage), text));
    }
    return sentences;
}

} // namespace beastmark::loadgen::paired
