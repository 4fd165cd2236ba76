#include "loadgen/recovery/recovery_output.hpp"

#include "loadgen/grouped.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>

namespace beastmark::loadgen::recovery {

namespace {

using nlohmann::json;

constexpr double as_good = 1.1;          // of a latency
constexpr double errors_as_good = 0.001; // more, as a share
constexpr double answered_as_good = 0.99;

json number_or_null(const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
}

json figures_json(const leg_figures& f) {
    return {{"p50_us", number_or_null(f.p50_us)},
            {"p99_us", number_or_null(f.p99_us)},
            {"error_rate", number_or_null(f.error_rate)},
            {"achieved_rps", f.achieved_rps}};
}

json pair_json(const leg_pair& pair) {
    return {{"rate_rps", pair.rate_rps},
            {"up_stage", pair.up_stage},
            {"down_stage", pair.down_stage},
            {"believable", pair.believable},
            {"up", figures_json(pair.up)},
            {"down", figures_json(pair.down)},
            {"p50_ratio", number_or_null(pair.p50_ratio())},
            {"p99_ratio", number_or_null(pair.p99_ratio())},
            {"achieved_ratio", number_or_null(pair.achieved_ratio())},
            {"error_rate_more", number_or_null(pair.error_rate_more())}};
}

json overload_json(const overload& over) {
    const auto level = [](const std::optional<normal_level>& normal) {
        return normal ? json{{"median", normal->median}, {"limit", normal->limit}} : json(nullptr);
    };
    return {{"began_s", over.began_s},
            {"held_rps", over.held_rps},
            {"normal_p99_us", level(over.p99_us)},
            {"normal_error_rate", level(over.error_rate)},
            {"ended_s", number_or_null(over.ended_s)},
            {"back_after_s", number_or_null(over.back_after_s)},
            {"watched_s", over.watched_s}};
}

std::string rate_text(double rps) {
    return fmt::format("{}/s", grouped(static_cast<std::uint64_t>(std::llround(rps))));
}

/// The pair of which `measure` is highest, of those to be believed.
template <class Measure>
const leg_pair* worst_of(const two_legs& legs, Measure measure) {
    const leg_pair* worst = nullptr;
    for (const auto& pair : legs.pairs) {
        const auto value = measure(pair);
        if (pair.believable && value && (worst == nullptr || *value > *measure(*worst)))
            worst = &pair;
    }
    return worst;
}

std::string latency_text(const two_legs& legs) {
    const auto* const worst = worst_of(legs, [](const leg_pair& pair) { return pair.p99_ratio(); });
    if (worst == nullptr)
        return legs.pairs.empty() ? "No rate was held on both ways, up and down."
                                  : "No rate that was held on both ways, up and down, is to be believed.";
    if (*worst->p99_ratio() <= as_good)
        return "On the way down p99 is at no rate more than 10 % above that on the way up.";
    return fmt::format("On the way down p99 is up to {:.3g} times that on the way up ({}, not {}, at {}).",
                       *worst->p99_ratio(), human_us(*worst->down.p99_us), human_us(*worst->up.p99_us),
                       rate_text(worst->rate_rps));
}

std::string failures_text(const two_legs& legs) {
    const auto* const failing = worst_of(legs, [](const leg_pair& pair) { return pair.error_rate_more(); });
    if (failing != nullptr && *failing->error_rate_more() > errors_as_good)
        return fmt::format(" At {} {:.3g} % fail on the way down, {:.3g} % on the way up.",
                           rate_text(failing->rate_rps), 100 * *failing->down.error_rate,
                           100 * *failing->up.error_rate);
    const auto* const slow = worst_of(legs, [](const leg_pair& pair) {
        const auto ratio = pair.achieved_ratio();
        return ratio ? std::optional(-*ratio) : std::nullopt;
    });
    if (slow != nullptr && *slow->achieved_ratio() < answered_as_good)
        return fmt::format(" At {} {} are answered on the way down, {} on the way up.",
                           rate_text(slow->rate_rps), rate_text(slow->down.achieved_rps),
                           rate_text(slow->up.achieved_rps));
    return {};
}

// Where no overload was found: that takes three seconds in a row.
std::string without_overload(const ramp_recovery& found) {
    if (found.overloaded > 0)
        return fmt::format(" It was overloaded for {} s, which is too short to judge a return by.",
                           found.overloaded);
    if (found.doubtful >= 3)
        return fmt::format(" Whether it was overloaded is not known: {} s are not to be believed.",
                           found.doubtful);
    return " It was not overloaded.";
}

std::string overload_text(const ramp_recovery& found) {
    const auto& over = found.over;
    if (!over)
        return without_overload(found);
    if (!over->p99_us)
        return " It was overloaded, but fewer than 3 s before that were normal and to be believed: there is "
               "no level to return to.";
    if (!over->ended_s)
        return fmt::format(" The load never fell back to the {} that were held before the overload.",
                           rate_text(over->held_rps));
    if (!over->back_after_s)
        return fmt::format(" Not back to normal within {:.3g} s after the overload ended.", over->watched_s);
    if (*over->back_after_s < 0.5)
        return " Back to normal as soon as the overload ended.";
    return fmt::format(" Back to normal {:.3g} s after the overload ended.", *over->back_after_s);
}

} // namespace

std::string text_of(const ramp_recovery& found) {
    return latency_text(found.legs) + failures_text(found.legs) + overload_text(found);
}

json as_json(const std::optional<ramp_recovery>& found) {
    if (!found)
        return nullptr;
    json pairs = json::array();
    for (const auto& pair : found->legs.pairs)
        pairs.push_back(pair_json(pair));
    return {{"text", text_of(*found)},
            {"peak_rps", found->legs.peak_rps},
            {"up_stages", found->legs.up},
            {"down_stages", found->legs.down},
            {"pairs", std::move(pairs)},
            {"overload", found->over ? overload_json(*found->over) : json(nullptr)}};
}

void add_recovery(json& result, const run_record& record) {
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        result["targets"][record.what.targets[i].name]["recovery"] = as_json(find_recovery(record, i));
}

std::string summary_of(const run_record& record) {
    std::string text;
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        if (const auto found = find_recovery(record, i))
            text +=
                wrapped(fmt::format("  recovery of {}:", record.what.targets[i].name), text_of(*found), 4);
    return text;
}

} // namespace beastmark::loadgen::recovery
