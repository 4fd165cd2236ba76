#include "loadgen/comparison_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace beastmark::loadgen {
namespace {

using pick = std::function<std::optional<bounds>(const compared_target&, std::size_t round)>;

std::optional<bounds> exactly(std::optional<double> value) {
    return value ? std::optional(bounds{*value, *value}) : std::nullopt;
}

by_round rounds_of(const compared_target& target, const pick& value) {
    by_round rounds;
    for (std::size_t i = 0; i < target.rounds.size(); ++i)
        rounds.push_back(value(target, i));
    return rounds;
}

/// How far the same program is from itself, at its worst. Not 0 where a twin was measured and says nothing.
std::optional<double> noise_of(const std::vector<compared_target>& targets,
                               const std::vector<by_round>& rounds) {
    std::optional<double> noise;
    bool has_twins = false;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (!targets[i].twin_of)
            continue;
        has_twins = true;
        const auto ratio = spread_of(paired_ratio(rounds[i], rounds[*targets[i].twin_of]));
        if (!ratio)
            continue;
        const auto furthest = furthest_from_one(*ratio);
        if (!furthest)
            return std::nullopt;
        noise = std::max(noise.value_or(0), *furthest);
    }
    return has_twins ? noise : std::optional(0.0);
}

compared_figure figure_of(const comparison& all, std::string title, std::string note, quantity unit,
                          const pick& value, middle even = middle::mean) {
    compared_figure figure{std::move(title), std::move(note), unit, {}, {}, {}, 0};
    std::vector<by_round> rounds;
    for (const compared_target& target : all.targets)
        rounds.push_back(rounds_of(target, value));
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        figure.values.push_back(spread_of(rounds[i], even));
        const auto has_ratio = i > 0 && unit != quantity::share;
        figure.ratios.push_back(has_ratio ? spread_of(paired_ratio(rounds[i], rounds[0])) : std::nullopt);
        figure.inverses.push_back(has_ratio ? spread_of(paired_ratio(rounds[0], rounds[i])) : std::nullopt);
    }
    figure.noise = noise_of(all.targets, rounds);
    return figure;
}

pick at_rate(double rate, measure what) {
    return [=](const compared_target& target, std::size_t round) {
        const auto* const stage = stage_at(target.rounds[round], rate);
        return stage != nullptr && stage->believable ? exactly(stage->value(what)) : std::nullopt;
    };
}

const compared_stage* stage_held(const compared_target& target, std::size_t round) {
    const auto& held = target.held[round].rate;
    return held && held->low > 0 ? stage_at(target.rounds[round], held->low) : nullptr;
}

std::optional<bounds> held_figure(const compared_target& target, std::size_t round, measure what) {
    const auto* const stage = stage_held(target, round);
    return stage == nullptr ? std::nullopt : exactly(stage->value(what));
}

std::optional<bounds> per_core_second(const compared_target& target, std::size_t round) {
    const auto cost_us = held_figure(target, round, measure::cpu_us_per_request);
    return cost_us && cost_us->low > 0 ? exactly(1e6 / cost_us->low) : std::nullopt;
}

std::string at(double rate) {
    return fmt::format(" at {} requests/s", rate_text(rate));
}

/// What is taken at rates that are equal for all: the highest all held, and the lowest.
void add_latencies(std::vector<compared_figure>& table, const comparison& all) {
    const auto add = [&](const char* name, measure what, double rate, const char* note) {
        table.push_back(figure_of(all, name + at(rate), fmt::format("{}; lower is better", note),
                                  quantity::microseconds, at_rate(rate, what)));
    };
    const auto equal = all.equal_rps.value_or(all.lowest_rps);
    const auto* const note = all.equal_rps ? "the highest rate all held" : "the lowest rate";
    add("p99", measure::p99_us, equal, note);
    if (!is_same_rate(equal, all.lowest_rps))
        add("p99", measure::p99_us, all.lowest_rps, "the lowest rate");
    add("Insert p99", measure::insert_p99_us, equal, "measured by the service");
    add("Cache set p99", measure::set_p99_us, equal, "measured by the service");
    add("CPU per request", measure::cpu_us_per_request, equal, "of the service alone");
}

} // namespace

std::optional<double> highest_held_by_all(const comparison& all, std::span<const double> rates) {
    std::optional<double> highest;
    for (const double rate : rates)
        if (std::all_of(all.targets.begin(), all.targets.end(), [&](const compared_target& target) {
                by_round held;
                for (const held_rate& one : target.held)
                    held.push_back(one.rate);
                const auto over_rounds = spread_of(held, middle::lower);
                return over_rounds &&
                       (over_rounds->median.low >= rate || is_same_rate(over_rounds->median.low, rate));
            }))
            highest = rate;
    return highest;
}

std::vector<compared_figure> make_table(const comparison& all) {
    std::vector<compared_figure> table;
    table.push_back(figure_of(
        all, "Highest rate held, requests/s",
        fmt::format("p99 < {}, availability > {:.6g} %; higher is better",
                    quantity_text(all.wanted.p99_us, quantity::microseconds), 100 * all.wanted.availability),
        quantity::rate,
        [](const compared_target& target, std::size_t round) { return target.held[round].rate; },
        middle::lower)); // a rate between two was never asked for
    add_latencies(table, all);
    table.push_back(figure_of(all, "CPU per request at its own highest rate",
                              "of the service alone; lower is better", quantity::microseconds,
                              [](const compared_target& target, std::size_t round) {
                                  return held_figure(target, round, measure::cpu_us_per_request);
                              }));
    table.push_back(figure_of(all, "Requests per core-second there", "higher is better", quantity::rate,
                              per_core_second));
    table.push_back(figure_of(all, "Peak memory", "over the whole run; lower is better", quantity::bytes,
                              [](const compared_target& target, std::size_t round) {
                                  return exactly(target.rounds[round].peak_memory_bytes);
                              }));
    table.push_back(figure_of(all, "Availability at its own highest rate", "higher is better",
                              quantity::share, [](const compared_target& target, std::size_t round) {
                                  return held_figure(target, round, measure::availability);
                              }));
    if (!all.equal_rps || !is_same_rate(all.highest_rps, *all.equal_rps))
        table.push_back(figure_of(all, "Availability" + at(all.highest_rps),
                                  "the highest all were asked for; higher is better", quantity::share,
                                  at_rate(all.highest_rps, measure::availability)));
    std::erase_if(table, [&](const compared_figure& figure) {
        return &figure != table.data() && std::none_of(figure.values.begin(), figure.values.end(),
                                                       [](const auto& value) { return value.has_value(); });
    });
    return table;
}

} // namespace beastmark::loadgen
