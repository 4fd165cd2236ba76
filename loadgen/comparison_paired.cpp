#include "loadgen/comparison_paired.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {
namespace {

using statistics::interval;
using statistics::mean_bootstrap;

constexpr double confidence = 0.95;

struct measure_in_words {
    measure what{};
    std::string_view title;
};

constexpr std::array compared_measures{measure_in_words{measure::p99_us, "p99"},
                                       measure_in_words{measure::p50_us, "p50"},
                                       measure_in_words{measure::cpu_us_per_request, "CPU per request"}};

// The stages of a pair, rounds one after the other, each from its lowest rate to its highest.
struct stage_pair {
    std::size_t round = 0;
    const compared_stage* base = nullptr;
    const compared_stage* other = nullptr;
};

double held_in(const compared_target& target, std::size_t round) {
    const auto& held = target.held[round].rate;
    return held ? held->low : 0;
}

std::vector<stage_pair> pairs_of(const compared_target& base, const compared_target& other) {
    std::vector<stage_pair> pairs;
    for (std::size_t round = 0; round < std::min(base.rounds.size(), other.rounds.size()); ++round) {
        const auto highest = std::min(held_in(base, round), held_in(other, round));
        for (const compared_stage& one : base.rounds[round].stages) {
            const auto* const same = stage_at(other.rounds[round], one.rate_rps);
            if (one.rate_rps <= highest && one.believable && same != nullptr && same->believable)
                pairs.push_back({round, &one, same});
        }
    }
    return pairs;
}

// Logarithms: twice and half as much are as far from equal.
struct log_ratios {
    std::vector<double> values;
    std::vector<std::size_t> rounds;

    [[nodiscard]] bool each_round_alike() const {
        std::vector<double> sums(rounds.empty() ? 0 : rounds.back() + 1);
        for (std::size_t i = 0; i < values.size(); ++i)
            sums[rounds[i]] += values[i];
        return std::none_of(sums.begin(), sums.end(), [](double sum) { return sum < 0; }) ||
               std::none_of(sums.begin(), sums.end(), [](double sum) { return sum > 0; });
    }
};

log_ratios ratios_of(const std::vector<stage_pair>& pairs, measure what) {
    log_ratios found;
    for (const auto& pair : pairs) {
        const auto a = pair.base->value(what);
        const auto b = pair.other->value(what);
        if (!a || !b || !(*a > 0) || !(*b > 0))
            continue;
        found.values.push_back(std::log(*b / *a));
        found.rounds.push_back(pair.round);
    }
    return found;
}

interval exponential(const interval& of) {
    return {std::exp(of.low), std::exp(of.high)};
}

// `together`: how many are judged at once (Bonferroni).
paired_targets pair_of(const comparison& all, std::size_t base, std::size_t other, std::size_t together) {
    paired_targets found{.base = base, .other = other};
    const auto pairs = pairs_of(all.targets[base], all.targets[other]);
    found.pairs = pairs.size();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto rate = pairs[i].base->rate_rps;
        found.lowest_rps = i == 0 ? rate : std::min(found.lowest_rps, rate);
        found.highest_rps = std::max(found.highest_rps, rate);
        found.rounds += i == 0 || pairs[i].round != pairs[i - 1].round ? 1 : 0;
    }
    for (const auto& [what, title] : compared_measures) {
        const auto ratios = ratios_of(pairs, what);
        if (ratios.values.size() < mean_bootstrap::fewest_values)
            continue;
        const mean_bootstrap mean(ratios.values);
        found.figures.push_back({what, std::exp(mean.mean()), exponential(mean.at(confidence)),
                                 exponential(mean.at(1 - (1 - confidence) / static_cast<double>(together))),
                                 ratios.each_round_alike(), shown::no_difference});
    }
    return found;
}

double furthest(const interval& of) {
    return std::max(std::abs(std::log(of.low)), std::abs(std::log(of.high)));
}

// How far the same program is from itself; nothing where none was measured twice.
std::optional<double> noise_of(const comparison& all, measure what) {
    std::optional<double> noise;
    for (std::size_t i = 0; i < all.targets.size(); ++i) {
        if (!all.targets[i].twin_of)
            continue;
        for (const auto& figure : pair_of(all, *all.targets[i].twin_of, i, 1).figures)
            if (figure.what == what)
                noise = std::max(noise.value_or(0), furthest(figure.likely));
    }
    return noise;
}

shown judge(const paired_figure& figure, std::size_t rounds, std::optional<double> noise) {
    if (figure.surely.contains(1) || !figure.each_round_alike ||
        std::abs(std::log(figure.ratio)) <= noise.value_or(0))
        return shown::no_difference;
    return rounds < 2 ? shown::one_round : shown::difference;
}

std::string_view title_of(measure what) {
    return std::find_if(compared_measures.begin(), compared_measures.end(),
                        [&](const auto& one) { return one.what == what; })
        ->title;
}

std::string factor(double ratio) {
    return ratio < 10 ? fmt::format("{:.2f}", ratio) : fmt::format("{:.3g}", ratio);
}

std::string in_brackets(const paired_figure& figure) {
    return fmt::format("[{}, {}]", factor(figure.likely.low), factor(figure.likely.high));
}

std::string where(const paired_targets& pair) {
    return fmt::format("{} to {} requests/s, {} stage{} of {} round{}", rate_text(pair.lowest_rps),
                       rate_text(pair.highest_rps), pair.pairs, pair.pairs == 1 ? "" : "s", pair.rounds,
                       pair.rounds == 1 ? "" : "s");
}

std::string sentence_of(const comparison& all, const paired_targets& pair) {
    const auto& base = all.targets[pair.base].name;
    const auto& other = all.targets[pair.other].name;
    if (pair.pairs == 0)
        return fmt::format("There is no rate that {} and {} held in the same round.", base, other);
    if (pair.figures.empty())
        return fmt::format("At rates that both {} and {} held ({}) there are too few stages to say how sure "
                           "a difference is: "
                           "it takes {}.",
                           base, other, where(pair), mean_bootstrap::fewest_values);
    std::vector<std::string> differences;
    std::vector<std::string> none;
    for (const auto& figure : pair.figures) {
        const auto title = title_of(figure.what);
        if (figure.found == shown::no_difference)
            none.push_back(fmt::format("{} {}", title, in_brackets(figure)));
        else
            differences.push_back(fmt::format("{} is {} times that of {} {}{}", title, factor(figure.ratio),
                                              base, in_brackets(figure),
                                              figure.found == shown::one_round ? " (one round)" : ""));
    }
    auto text = fmt::format("{} beside {} at the rates that both held ({}): {}", other, base, where(pair),
                            fmt::join(differences, ", "));
    if (!none.empty())
        text += fmt::format("{}no difference is shown of {}", differences.empty() ? "" : "; ",
                            fmt::join(none, ", "));
    return text + ".";
}

std::size_t judged_together(const comparison& all) {
    std::size_t count = 0;
    for (std::size_t i = 1; i < all.targets.size(); ++i)
        if (!all.targets[i].twin_of)
            count += pair_of(all, 0, i, 1).figures.size();
    return std::max<std::size_t>(1, count);
}

} // namespace

std::vector<paired_targets> pair_with_first(const comparison& all) {
    const auto together = judged_together(all);
    std::vector<paired_targets> pairs;
    for (std::size_t i = 1; i < all.targets.size(); ++i) {
        auto& pair = pairs.emplace_back(pair_of(all, 0, i, together));
        for (auto& figure : pair.figures)
            figure.found = judge(figure, pair.rounds, noise_of(all, figure.what));
    }
    return pairs;
}

std::vector<std::string> paired_words_of(const comparison& all) {
    std::vector<std::string> words;
    bool any_figure = false;
    for (const auto& pair : pair_with_first(all)) {
        words.push_back(sentence_of(all, pair));
        any_figure = any_figure || !pair.figures.empty();
    }
    if (any_figure)
        words.emplace_back(
            "Paired: the same rate in the same round, the geometric mean over all such stages; in brackets "
            "where it lies with 95 % by what varies from stage to stage. A difference is called one only "
            "when a "
            "wider interval says so for all figures at once, each round for itself, and the noise floor, "
            "where "
            "it was measured, is passed.");
    return words;
}

} // namespace beastmark::loadgen
