#include "loadgen/comparison_words.hpp"

#include "loadgen/grouped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string_view>

namespace beastmark::loadgen {
namespace {

/// "a", "a and b", "a, b and c".
std::string enumerated(const std::vector<std::string>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i)
        text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text;
}

std::string in_parentheses(const std::string& text) {
    return text.empty() ? "" : " (" + text + ")";
}

std::string objective_text(const objective& wanted) {
    return fmt::format("p99 below {} and availability above {:.6g} %",
                       quantity_text(wanted.p99_us, quantity::microseconds), 100 * wanted.availability);
}

const std::optional<spread>& held_by(const comparison& all, std::size_t target) {
    return all.table.front().values[target];
}

std::string holds(const comparison& all, std::size_t target) {
    const auto& name = all.targets[target].name;
    const auto& held = held_by(all, target);
    if (!held)
        return fmt::format("What {} holds is not known", name);
    if (held->median.high == 0)
        return fmt::format("{} held no rate with {}", name, objective_text(all.wanted));
    return fmt::format("{} holds {} requests/s{}", name, figure_text(held->median, quantity::rate),
                       in_parentheses(range_text(*held, quantity::rate)));
}

bool has_first_as_twin(const comparison& all, std::size_t target) {
    return all.targets[target].twin_of == std::size_t{0};
}

struct beside_first {
    std::vector<std::string> times; // "3.1 times go (2.9 to 3.4)"
    std::vector<std::string> rest;  // sentences on those of which no such thing can be said
};

beside_first beside(const comparison& all) {
    beside_first said;
    const compared_figure& figure = all.table.front();
    for (std::size_t i = 1; i < all.targets.size(); ++i) {
        if (has_first_as_twin(all, i))
            continue;
        const auto& name = all.targets[i].name;
        const auto& ratio = figure.inverses[i];
        if (!ratio) {
            said.rest.push_back(holds(all, i) + ".");
            continue;
        }
        const auto range = ratio_range_text(*ratio);
        const auto text = ratio_text(ratio->median);
        switch (what_it_shows(*ratio, figure.noise)) {
        case shown::difference:
            said.times.push_back(fmt::format("{} times {}{}", text, name, in_parentheses(range)));
            break;
        case shown::one_round:
            said.times.push_back(fmt::format("{} times {} (one round)", text, name));
            break;
        case shown::noise_not_known:
            said.times.push_back(fmt::format("{} times {} ({}noise not known)", text, name,
                                             range.empty() ? "" : range + ", "));
            break;
        case shown::no_difference:
            if (is_unknown(ratio->median)) {
                said.rest.push_back(fmt::format("{}; how it compares with {} is not known.", holds(all, i),
                                                all.targets.front().name));
                break;
            }
            said.rest.push_back(
                fmt::format("{}; no difference to {} is shown.", holds(all, i), all.targets.front().name));
            break;
        }
    }
    return said;
}

std::string first_sentence(const comparison& all) {
    auto said = beside(all);
    auto text = holds(all, 0);
    if (!said.times.empty())
        text += ", " + enumerated(said.times);
    text += ".";
    for (const std::string& sentence : said.rest)
        text += " " + sentence;
    return text;
}

/// "1.2 ms for cpp and 3 ms for go", of those that have a value.
std::string by_target(const comparison& all, const compared_figure& figure) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < all.targets.size(); ++i)
        if (figure.values[i])
            parts.push_back(fmt::format("{} for {}", figure_text(figure.values[i]->median, figure.unit),
                                        all.targets[i].name));
    return enumerated(parts);
}

const compared_figure* figure_titled(const comparison& all, std::string_view beginning, double rate) {
    const auto title = fmt::format("{} at {} requests/s", beginning, rate_text(rate));
    const auto found = std::find_if(all.table.begin(), all.table.end(),
                                    [&](const compared_figure& figure) { return figure.title == title; });
    return found == all.table.end() ? nullptr : &*found;
}

std::string at_equal_rates(const comparison& all) {
    if (!all.equal_rps || all.targets.size() < 2)
        return {};
    const auto* const p99 = figure_titled(all, "p99", *all.equal_rps);
    if (p99 == nullptr)
        return {};
    auto text = fmt::format("At {} requests/s, the highest rate that all held, p99 is {}",
                            rate_text(*all.equal_rps), by_target(all, *p99));
    if (const auto* const cost = figure_titled(all, "CPU per request", *all.equal_rps))
        text += fmt::format("; the service's CPU time per request is {}", by_target(all, *cost));
    return text + ".";
}

std::string twin_sentence(const comparison& all, std::size_t target) {
    const auto& name = all.targets[target].name;
    const auto twin = *all.targets[target].twin_of;
    auto text = fmt::format("{} is the same program as {}: what they differ by is the noise floor", name,
                            all.targets[twin].name);
    if (const auto& ratio = all.table.front().ratios[target];
        twin == 0 && ratio && !is_unknown(ratio->median))
        text += fmt::format(", a factor of {}{} for the rate held", ratio_text(ratio->median),
                            in_parentheses(ratio_range_text(*ratio)));
    return text + ".";
}

std::string_view openness(const held_rate& held) {
    if (!held.rate)
        return "nothing is known of the rate held";
    return std::isinf(held.rate->high) ? "the rate held is \"at least\"" : "the rate held is a range";
}

/// Rounds with the same reason share a sentence.
void add_open_rates(std::vector<std::string>& notes, const compared_target& target) {
    std::vector<std::string> reasons;
    std::map<std::string, std::vector<std::string>> rounds;
    for (std::size_t i = 0; i < target.held.size(); ++i) {
        const held_rate& held = target.held[i];
        if (held.why_open.empty())
            continue;
        const auto reason = fmt::format("{}: {}", openness(held), held.why_open);
        if (rounds[reason].empty())
            reasons.push_back(reason);
        rounds[reason].push_back(std::to_string(i + 1));
    }
    for (const std::string& reason : reasons)
        notes.push_back(fmt::format("{}, round{} {}: {}.", target.name, rounds[reason].size() > 1 ? "s" : "",
                                    enumerated(rounds[reason]), reason));
}

void add_left_out(std::vector<std::string>& notes, const comparison& all) {
    std::vector<std::string> parts;
    for (const compared_target& target : all.targets)
        if (target.stages_not_believed > 0)
            parts.push_back(fmt::format("{} of {} of {}", target.stages_not_believed, target.stages_measured,
                                        target.name));
    if (!parts.empty())
        notes.push_back(
            fmt::format("Stages that are not to be believed are left out: {}.", enumerated(parts)));
}

void add_not_watched(std::vector<std::string>& notes, const comparison& all) {
    for (const compared_target& target : all.targets)
        if (std::any_of(target.rounds.begin(), target.rounds.end(),
                        [](const auto& run) { return !run.watched; }))
            notes.push_back(fmt::format(
                "{0} was not watched{1} (--watch {0}=PID): its CPU and memory are not known.", target.name,
                std::any_of(target.rounds.begin(), target.rounds.end(),
                            [](const auto& run) { return run.watched; })
                    ? " in every round"
                    : ""));
}

void add_about_noise(std::vector<std::string>& notes, const comparison& all) {
    const auto fewest =
        std::min_element(all.targets.begin(), all.targets.end(), [](const auto& a, const auto& b) {
            return a.rounds.size() < b.rounds.size();
        })->rounds.size();
    if (fewest < 2 && all.targets.size() > 1)
        notes.emplace_back("With one round there is no range, and no difference can be told from noise.");
    constexpr std::size_t many = 20; // one in half a million
    if (fewest >= 2 && fewest <= many && all.targets.size() > 1)
        notes.push_back(
            fmt::format("With {} rounds, all ratios of a program to itself lie on one side of 1 in one of "
                        "{} rows by chance.",
                        fewest, grouped(std::uint64_t{1} << (fewest - 1))));
    if (all.targets.size() > 1 && std::none_of(all.targets.begin(), all.targets.end(),
                                               [](const auto& target) { return target.twin_of.has_value(); }))
        notes.emplace_back(
            "No program was measured under two names (such as cpp and cpp-2): the noise floor is not known.");
}

} // namespace

std::vector<std::string> headline_of(const comparison& all) {
    std::vector<std::string> sentences{first_sentence(all)};
    if (auto equal = at_equal_rates(all); !equal.empty())
        sentences.push_back(std::move(equal));
    for (std::size_t i = 0; i < all.targets.size(); ++i)
        if (all.targets[i].twin_of)
            sentences.push_back(twin_sentence(all, i));
    return sentences;
}

std::vector<std::string> notes_of(const comparison& all) {
    std::vector<std::string> notes;
    for (const compared_target& target : all.targets)
        add_open_rates(notes, target);
    if (!all.equal_rps && all.targets.size() > 1)
        notes.emplace_back("There is no rate that all targets held.");
    add_left_out(notes, all);
    add_not_watched(notes, all);
    add_about_noise(notes, all);
    notes.emplace_back(
        "Rates are steps of the ladder: the highest rate held is known to within the next step.");
    return notes;
}

} // namespace beastmark::loadgen
