#include "loadgen/paired/output.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/markdown.hpp"
#include "loadgen/paired/words.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace beastmark::loadgen::paired {
namespace {

using nlohmann::json;

std::string_view in_words(finding what) {
    return what == finding::no_difference ? "no difference shown" : name_of(what);
}

std::string steady_text(const std::string& name, std::optional<double> from_s) {
    if (!from_s)
        return name + " never steady";
    return *from_s > 0 ? fmt::format("{} steady from {:.0f} s", name, *from_s)
                       : name + " steady from the start";
}

std::string about(const comparison& all, const compared_stage& stage) {
    auto text =
        fmt::format("at {}: {} windows, {}, {}", rate_of(stage), stage.windows,
                    steady_text(all.base, stage.base_steady_s), steady_text(all.other, stage.other_steady_s));
    if (stage.doubtful > 0)
        text += fmt::format(", {} not to be believed", stage.doubtful);
    return text;
}

std::string promise(const comparison& all) {
    return fmt::format(
        "Intervals in brackets hold the true mean difference of windows with 95 %. Worse and better are "
        "said by wider ones, so that of {} figures judged together none is wrong with 95 %{}.",
        all.judged_together,
        all.noise_known ? ", and only beyond the noise floor" : "; the noise floor is not known");
}

std::string table_of(const comparison& all, const compared_stage& stage) {
    std::size_t width = 11;
    for (const auto& name : {all.base, all.other})
        width = std::max(width, name.size() + 2);
    auto text = fmt::format("  {:<16}{:>{}}{:>{}}  {:<28}{:>9}  found\n", "", all.base, width, all.other,
                            width, "difference [95 %]", "");
    for (const auto& d : stage.differences)
        text += fmt::format("  {:<16}{:>{}}{:>{}}  {:<28}{:>9}  {}\n", title_of(d.what),
                            value_text(d.what, d.base), width, value_text(d.what, d.other), width,
                            difference_text(d), relative_text(d), in_words(d.found));
    return text;
}

std::string markdown_table(const comparison& all, const compared_stage& stage) {
    auto text = fmt::format(
        "| {} | {} | {} | difference (95 %) | | found |\n| --- | --: | --: | --: | --: | --- |\n",
        escaped_markdown(rate_of(stage)), escaped_markdown(all.base), escaped_markdown(all.other));
    for (const auto& d : stage.differences)
        text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", title_of(d.what), value_text(d.what, d.base),
                            value_text(d.what, d.other), escaped_markdown(difference_text(d)),
                            relative_text(d), d.found == finding::worse ? "**worse**" : in_words(d.found));
    return text;
}

json or_null(std::optional<double> value) {
    return value ? json(*value) : json(nullptr);
}

json interval_json(const interval& of) {
    return {of.low, of.high};
}

json difference_json(const difference& d) {
    return {{"metric", name_of(d.what)},
            {"base", d.base},
            {"other", d.other},
            {"difference", d.mean},
            {"ci95", interval_json(d.likely)},
            {"ci95_together", interval_json(d.surely)},
            {"noise_floor", or_null(d.noise_floor)},
            {"found", name_of(d.found)},
            {"shown",
             {title_of(d.what), value_text(d.what, d.base), value_text(d.what, d.other), difference_text(d),
              relative_text(d), noise_text(d)}}};
}

json windows_json(const compared_stage& stage) {
    json columns{{"t_s", json::array()}};
    for (const auto& w : stage.by_window)
        columns["t_s"].push_back(w.t_s);
    for (std::size_t i = 0; i < figure_count; ++i) {
        auto& column = columns[std::string(name_of(static_cast<figure>(i)))] = json::array();
        for (const auto& w : stage.by_window)
            column.push_back(or_null(w.values[i]));
    }
    return columns;
}

json stage_json(const comparison& all, const compared_stage& stage) {
    json figures = json::array();
    for (const auto& d : stage.differences)
        figures.push_back(difference_json(d));
    return {{"stage", stage.index},
            {"from_rps", stage.from_rps},
            {"to_rps", stage.to_rps},
            {"about", about(all, stage)},
            {"windows", stage.windows},
            {"left_out_unsteady", stage.unsteady},
            {"left_out_doubtful", stage.doubtful},
            {"base_steady_from_s", or_null(stage.base_steady_s)},
            {"other_steady_from_s", or_null(stage.other_steady_s)},
            {"why_not", stage.why_not},
            {"figures", std::move(figures)},
            {"differences", windows_json(stage)}};
}

std::optional<figure> figure_named(const json& name) {
    for (std::size_t i = 0; i < figure_count; ++i)
        if (name == name_of(static_cast<figure>(i)))
            return static_cast<figure>(i);
    return std::nullopt;
}

} // namespace

std::string text_of(const comparison& all) {
    std::string text;
    for (const auto& sentence : headline_of(all))
        text += wrapped(" ", sentence + ".", 2);
    for (const auto& stage : all.stages) {
        text += "\n" + wrapped(" ", about(all, stage), 2);
        text += stage.why_not.empty() ? table_of(all, stage) : wrapped("  ", stage.why_not, 2);
    }
    if (all.judged_together > 0)
        text += "\n" + wrapped("  *", promise(all), 4);
    return text;
}

std::string markdown_of(const comparison& all) {
    std::string text;
    for (const auto& sentence : headline_of(all))
        text += escaped_markdown(sentence) + ".\n\n";
    for (const auto& stage : all.stages)
        if (stage.why_not.empty())
            text += markdown_table(all, stage) + "\n" + escaped_markdown(about(all, stage)) + "\n\n";
    if (all.judged_together > 0)
        text += escaped_markdown(promise(all)) + "\n";
    return text;
}

json json_of(const comparison& all) {
    json stages = json::array();
    for (const auto& stage : all.stages)
        stages.push_back(stage_json(all, stage));
    return {{"base", all.base},
            {"other", all.other},
            {"text", headline_of(all)},
            {"confidence", confidence},
            {"judged_together", all.judged_together},
            {"stages", std::move(stages)}};
}

comparison read_comparison(const json& pair) {
    comparison found;
    for (const json& stage : part_of(pair, "stages")) {
        auto& one = found.stages.emplace_back();
        one.index = static_cast<std::size_t>(number_of(part_of(stage, "stage")).value_or(0));
        for (const json& figure : part_of(stage, "figures")) {
            const auto what = figure_named(part_of(figure, "metric"));
            const auto ends = numbers_of(part_of(figure, "ci95"));
            if (!what || ends.size() != 2)
                continue;
            auto& d = one.differences.emplace_back();
            d.what = *what;
            d.likely = {ends[0], ends[1]};
        }
    }
    return found;
}

} // namespace beastmark::loadgen::paired
