#include "loadgen/comparison.hpp"

#include "loadgen/comparison_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

using runs = std::vector<compared_run>;

bool has_stages(const compared_run& run) {
    return !run.stages.empty();
}

/// One without stages is a round all the same, in which its target has no figures: without it those behind
/// would be paired with other rounds. A target that has nothing but such is none.
runs runs_of_targets_with_stages(std::span<const json> results) {
    runs found;
    for (std::size_t i = 0; i < results.size(); ++i)
        for (compared_run& run : read_runs(results[i], i))
            found.push_back(std::move(run));
    std::set<std::string> with_stages;
    for (const compared_run& run : found)
        if (has_stages(run))
            with_stages.insert(run.target);
    std::erase_if(found, [&](const compared_run& run) { return !with_stages.contains(run.target); });
    return found;
}

bool are_of_one_kind(const runs& all) {
    return std::count_if(all.begin(), all.end(), has_stages) > 1 &&
           std::all_of(all.begin(), all.end(), [&](const compared_run& run) {
               return !run.closed_loop && run.method == all.front().method;
           });
}

/// Each once, ascending.
std::vector<double> rates_of(const runs& all) {
    std::vector<double> rates;
    for (const compared_run& run : all)
        for (const compared_stage& stage : run.stages)
            rates.push_back(stage.rate_rps);
    std::sort(rates.begin(), rates.end());
    rates.erase(std::unique(rates.begin(), rates.end(), is_same_rate), rates.end());
    return rates;
}

/// "cpp, round 2".
std::string round_name(const runs& all, const compared_run& run) {
    const auto before =
        std::count_if(all.data(), &run, [&](const compared_run& one) { return one.target == run.target; });
    return fmt::format("{}, round {}", run.target, before + 1);
}

/// A run may end before others do, or start above them; between its ends it has to have every rate.
std::string mismatch(const runs& all) {
    for (const double rate : rates_of(all)) {
        const compared_run* with = nullptr;
        const compared_run* without = nullptr;
        for (const compared_run& run : all) {
            if (stage_at(run, rate) != nullptr)
                with = with == nullptr ? &run : with;
            else if (has_stages(run) && run.stages.front().rate_rps < rate &&
                     rate < run.stages.back().rate_rps)
                without = &run;
        }
        if (with != nullptr && without != nullptr)
            return fmt::format("the rates differ: {} was asked for {} requests/s, {} was not",
                               round_name(all, *with), rate_text(rate), round_name(all, *without));
    }
    return {};
}

std::vector<compared_target> grouped_by_target(runs all) {
    std::vector<compared_target> targets;
    for (compared_run& run : all) {
        auto target = std::find_if(targets.begin(), targets.end(),
                                   [&](const compared_target& one) { return one.name == run.target; });
        if (target == targets.end()) {
            targets.emplace_back().name = run.target;
            target = std::prev(targets.end());
        }
        target->rounds.push_back(std::move(run));
    }
    return targets;
}

/// "cpp" of "cpp-2"; empty when the name has no such end.
std::string_view name_without_number(std::string_view name) {
    const auto dash = name.rfind('-');
    if (dash == std::string_view::npos)
        return {};
    unsigned number = 0;
    const auto* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + dash + 1, end, number);
    return read.ec == std::errc{} && read.ptr == end && number >= 2 ? name.substr(0, dash)
                                                                    : std::string_view();
}

void find_twins(std::vector<compared_target>& targets) {
    for (compared_target& target : targets) {
        const auto twin = std::find_if(targets.begin(), targets.end(), [&](const compared_target& one) {
            return one.name == name_without_number(target.name);
        });
        if (twin != targets.end())
            target.twin_of = static_cast<std::size_t>(twin - targets.begin());
    }
}

stage_over_rounds over_rounds(const compared_target& target, double rate) {
    stage_over_rounds stage;
    stage.rate_rps = rate;
    std::vector<const compared_stage*> there;
    for (const compared_run& run : target.rounds)
        if (const auto* const one = stage_at(run, rate))
            there.push_back(one);
    const auto is_believed = [](const compared_stage* one) { return one->believable; };
    stage.believable = std::any_of(there.begin(), there.end(), is_believed);
    if (stage.believable)
        std::erase_if(there, [&](const compared_stage* one) { return !is_believed(one); });
    for (std::size_t i = 0; i < measure_count; ++i) {
        by_round values;
        for (const compared_stage* one : there)
            if (const auto value = one->values[i])
                values.emplace_back(bounds{*value, *value});
        stage.values[i] = spread_of(values);
    }
    return stage;
}

void measure_target(compared_target& target, const objective& wanted) {
    for (const compared_run& run : target.rounds) {
        target.held.push_back(find_held_rate(run, wanted));
        target.stages_measured += run.stages.size();
        target.stages_not_believed += static_cast<std::size_t>(
            std::count_if(run.stages.begin(), run.stages.end(),
                          [](const compared_stage& stage) { return !stage.believable; }));
    }
    for (const double rate : rates_of(target.rounds))
        target.stages.push_back(over_rounds(target, rate));
}

/// Those that every target was asked for in some round.
std::vector<double> rates_of_all(const std::vector<compared_target>& targets,
                                 const std::vector<double>& rates) {
    std::vector<double> common;
    for (const double rate : rates)
        if (std::all_of(targets.begin(), targets.end(), [&](const compared_target& target) {
                return std::any_of(target.rounds.begin(), target.rounds.end(),
                                   [&](const compared_run& run) { return stage_at(run, rate) != nullptr; });
            }))
            common.push_back(rate);
    return common;
}

} // namespace

comparison_outcome compare(std::span<const json> results, const objective& wanted) {
    if (results.size() < 2)
        return {};
    auto all = runs_of_targets_with_stages(results);
    if (!are_of_one_kind(all))
        return {};
    if (auto wrong = mismatch(all); !wrong.empty())
        return {std::nullopt, std::move(wrong)};
    const auto rates = rates_of(all);
    comparison found;
    found.wanted = wanted;
    found.targets = grouped_by_target(std::move(all));
    const auto common = rates_of_all(found.targets, rates);
    if (common.empty())
        return {std::nullopt, "there is no rate that all targets were asked for"};
    found.lowest_rps = common.front();
    found.highest_rps = common.back();
    find_twins(found.targets);
    for (compared_target& target : found.targets)
        measure_target(target, wanted);
    found.equal_rps = highest_held_by_all(found, common);
    found.table = make_table(found);
    return {std::move(found), {}};
}

} // namespace beastmark::loadgen
