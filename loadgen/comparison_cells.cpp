#include "loadgen/comparison_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace beastmark::loadgen {
namespace {

constexpr const char* not_known = "-";

text_cell figure_cell(const std::optional<spread>& figure, quantity unit, std::size_t rounds) {
    if (!figure)
        return {not_known, {}, {}};
    auto value =
        unit == quantity::rate && figure->median.high == 0 ? "none" : figure_text(figure->median, unit);
    auto remark = figure->rounds < rounds ? fmt::format("{} of {} rounds", figure->rounds, rounds) : "";
    return {std::move(value), range_text(*figure, unit), std::move(remark)};
}

text_cell ratio_cell(const std::optional<spread>& ratio, std::optional<double> noise, bool is_noise) {
    if (!ratio)
        return {not_known, {}, {}};
    text_cell cell{ratio_text(ratio->median), ratio_range_text(*ratio), {}};
    if (is_noise || is_unknown(ratio->median))
        return cell;
    switch (what_it_shows(*ratio, noise)) {
    case shown::difference:
        break;
    case shown::no_difference:
        cell.remark = "no difference shown";
        break;
    case shown::one_round:
        cell.remark = "one round";
        break;
    case shown::noise_not_known:
        cell.remark = "noise not known";
        break;
    }
    return cell;
}

std::string rounds_text(const comparison& all) {
    std::size_t fewest = all.targets.front().rounds.size();
    std::size_t most = fewest;
    for (const compared_target& target : all.targets) {
        fewest = std::min(fewest, target.rounds.size());
        most = std::max(most, target.rounds.size());
    }
    if (most == 1)
        return "One round";
    return (fewest == most ? fmt::format("{} rounds", most) : fmt::format("{} to {} rounds", fewest, most)) +
           ": median (range)";
}

text_table figures_table(const comparison& all) {
    text_table table{rounds_text(all), {}, {}};
    for (const compared_target& target : all.targets)
        table.columns.push_back(target.name);
    for (const compared_figure& figure : all.table) {
        text_row& row = table.rows.emplace_back(text_row{figure.title, figure.note, {}});
        for (std::size_t i = 0; i < all.targets.size(); ++i)
            row.cells.push_back(figure_cell(figure.values[i], figure.unit, all.targets[i].rounds.size()));
    }
    return table;
}

text_table ratios_table(const comparison& all) {
    text_table table{fmt::format("Ratio to {}, round by round", all.targets.front().name), {}, {}};
    for (std::size_t i = 1; i < all.targets.size(); ++i)
        table.columns.push_back(all.targets[i].name +
                                (all.targets[i].twin_of == std::size_t{0} ? " (noise floor)" : ""));
    for (const compared_figure& figure : all.table) {
        if (std::none_of(figure.ratios.begin(), figure.ratios.end(),
                         [](const auto& ratio) { return ratio.has_value(); }))
            continue;
        text_row& row = table.rows.emplace_back(text_row{figure.title, {}, {}});
        for (std::size_t i = 1; i < all.targets.size(); ++i)
            row.cells.push_back(
                ratio_cell(figure.ratios[i], figure.noise, all.targets[i].twin_of == std::size_t{0}));
    }
    return table;
}

} // namespace

std::vector<text_table> tables_of(const comparison& all) {
    std::vector<text_table> tables{figures_table(all)};
    if (auto ratios = ratios_table(all); !ratios.rows.empty())
        tables.push_back(std::move(ratios));
    return tables;
}

} // namespace beastmark::loadgen
