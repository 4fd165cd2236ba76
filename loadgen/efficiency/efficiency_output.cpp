#include "loadgen/efficiency/efficiency_output.hpp"

#include "loadgen/human_text.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace beastmark::loadgen::efficiency {

namespace {

using nlohmann::json;

json number_or_null(const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
}

json costs_json(const costs& c) {
    return {{"cpu_cores", number_or_null(c.cpu_cores)},
            {"cpu_us_per_request", number_or_null(c.cpu_us_per_request)},
            {"rps_per_core", number_or_null(c.rps_per_core)},
            {"cost_per_million", number_or_null(c.cost_per_million)}};
}

json stage_json(const stage_costs& s) {
    auto one = costs_json(s.figures);
    one["stage"] = s.stage;
    one["rate_rps"] = s.rate_rps;
    one["achieved_rps"] = s.achieved_rps;
    one["believable"] = s.believable;
    one["kept_objectives"] = s.kept_objectives ? json(*s.kept_objectives) : json(nullptr);
    return one;
}

/// "41 us of CPU a request, 24.4k requests/s per core, 0.42 per million requests"
std::string costs_text(const costs& c) {
    std::string text;
    const auto add = [&](std::string part) { text += (text.empty() ? "" : ", ") + std::move(part); };
    if (c.cpu_us_per_request)
        add(fmt::format("{} of CPU a request", human_us(*c.cpu_us_per_request)));
    if (c.rps_per_core)
        add(fmt::format("{} requests/s per core", human_count(*c.rps_per_core)));
    if (c.cost_per_million)
        add(fmt::format("{:.3g} per million requests", *c.cost_per_million));
    return text;
}

bool has_objectives(const target_costs& found) {
    return !found.stages.empty() && found.stages.front().kept_objectives.has_value();
}

std::string objectives_text(const target_costs& found) {
    if (!has_objectives(found))
        return {};
    if (!found.at_objectives)
        return wrapped("   ", "at the objectives: no stage kept them to its end", 4);
    const auto& stage = found.stages[*found.at_objectives];
    const auto text = costs_text(stage.figures);
    return wrapped("   ",
                   fmt::format("at {}/s, the highest rate that kept the objectives: {}",
                               human_count(stage.rate_rps), text.empty() ? "not known" : text),
                   4);
}

} // namespace

std::string why_not(const target_costs& found) {
    if (!found.cpu.series)
        return found.cpu.why_not;
    if (!found.total.cpu_cores)
        return fmt::format("no stage is long enough: a sample of {} is of {:.3g} s, which have to lie within "
                           "a stage",
                           found.cpu.series->of, found.cpu.series->look_back_s);
    if (!found.total.cpu_us_per_request)
        return fmt::format("{} used no CPU that could be measured, or nothing was answered",
                           found.cpu.series->of);
    return {};
}

json as_json(const target_costs& found) {
    json stages = json::array();
    for (const auto& s : found.stages)
        stages.push_back(stage_json(s));
    const auto reason = why_not(found);
    return {{"source", found.cpu.series ? json(found.cpu.series->source) : json(nullptr)},
            {"of", found.cpu.series ? json(found.cpu.series->of) : json(nullptr)},
            {"why_not", reason.empty() ? json(nullptr) : json(reason)},
            {"price_per_hour", number_or_null(found.price_per_hour)},
            {"total", costs_json(found.total)},
            {"at_objectives",
             found.at_objectives ? stage_json(found.stages[*found.at_objectives]) : json(nullptr)},
            {"stages", std::move(stages)}};
}

std::string text_of(const target_costs& found) {
    const auto reason = why_not(found);
    const auto figures = costs_text(found.total);
    auto text = wrapped(" ",
                        fmt::format("efficiency of {}: {}{}", found.target, figures,
                                    reason.empty()    ? fmt::format("; CPU: {}", found.cpu.series->of)
                                    : figures.empty() ? "not known: " + reason
                                                      : "; CPU not known: " + reason),
                        4);
    return text + objectives_text(found);
}

} // namespace beastmark::loadgen::efficiency
