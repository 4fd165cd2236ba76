#include "loadgen/recovery/legs.hpp"

#include "loadgen/compared_run.hpp"

#include <algorithm>

namespace beastmark::loadgen::recovery {

namespace {

std::optional<double> ratio(std::optional<double> down, std::optional<double> up) {
    return down && up && *down > 0 && *up > 0 ? std::optional(*down / *up) : std::nullopt;
}

double highest_of(const leg_stage& stage) {
    return std::max(stage.from_rps, stage.to_rps);
}

/// Where the way up ends and where the way down begins: the first and the last stage that reach the peak.
struct turn {
    double peak_rps = 0;
    std::size_t first = 0;
    std::size_t last = 0;
};

turn find_turn(std::span<const leg_stage> stages) {
    turn found;
    for (const auto& stage : stages)
        found.peak_rps = std::max(found.peak_rps, highest_of(stage));
    const auto reaches = [&](const leg_stage& stage) {
        return is_same_rate(highest_of(stage), found.peak_rps);
    };
    const auto first = std::find_if(stages.begin(), stages.end(), reaches);
    const auto last = std::find_if(stages.rbegin(), stages.rend(), reaches);
    found.first = static_cast<std::size_t>(first - stages.begin());
    found.last = stages.size() - 1 - static_cast<std::size_t>(last - stages.rbegin());
    return found;
}

void add_pairs(two_legs& to, std::span<const leg_stage> up, std::span<const leg_stage> down) {
    const auto counts = [](const leg_stage& stage) {
        return stage.holds && stage.complete && stage.from_rps > 0;
    };
    for (const auto& below : down) {
        const auto known = std::any_of(to.pairs.begin(), to.pairs.end(), [&](const leg_pair& pair) {
            return is_same_rate(pair.rate_rps, below.from_rps);
        });
        const auto above = std::find_if(up.rbegin(), up.rend(), [&](const leg_stage& stage) {
            return counts(stage) && is_same_rate(stage.from_rps, below.from_rps);
        });
        if (!counts(below) || known || above == up.rend())
            continue;
        to.pairs.push_back({below.from_rps, above->index, below.index, above->believable && below.believable,
                            above->figures, below.figures});
    }
    std::sort(to.pairs.begin(), to.pairs.end(),
              [](const leg_pair& a, const leg_pair& b) { return a.rate_rps < b.rate_rps; });
}

} // namespace

std::optional<double> leg_pair::p50_ratio() const {
    return ratio(down.p50_us, up.p50_us);
}

std::optional<double> leg_pair::p99_ratio() const {
    return ratio(down.p99_us, up.p99_us);
}

std::optional<double> leg_pair::achieved_ratio() const {
    return ratio(down.achieved_rps, up.achieved_rps);
}

std::optional<double> leg_pair::error_rate_more() const {
    return down.error_rate && up.error_rate ? std::optional(*down.error_rate - *up.error_rate) : std::nullopt;
}

std::optional<two_legs> find_legs(std::span<const leg_stage> stages) {
    if (stages.empty())
        return std::nullopt;
    const auto [peak_rps, first, last] = find_turn(stages);
    const auto loads = [](const leg_stage& stage) { return highest_of(stage) > 0; };
    const auto before = stages.first(first);
    const auto after = stages.subspan(last + 1);
    const auto rises =
        std::any_of(before.begin(), before.end(), loads) || stages[first].from_rps < stages[first].to_rps;
    const auto falls =
        std::any_of(after.begin(), after.end(), loads) || stages[last].to_rps < stages[last].from_rps;
    if (!rises || !falls)
        return std::nullopt;
    two_legs found{.peak_rps = peak_rps, .up = {}, .down = {}, .pairs = {}};
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const auto& stage = stages[i];
        const auto at_peak = i >= first && i <= last && is_same_rate(highest_of(stage), peak_rps);
        if (i < first || (at_peak && (stage.holds || stage.from_rps < stage.to_rps)))
            found.up.push_back(stage.index);
        if (i > last || (i == last && (stage.holds || stage.to_rps < stage.from_rps)))
            found.down.push_back(stage.index);
    }
    add_pairs(found, before, after);
    return found;
}

} // namespace beastmark::loadgen::recovery
