#include "loadgen/comparison_output.hpp"

#include "loadgen/comparison_cells.hpp"
#include "loadgen/comparison_paired.hpp"
#include "loadgen/comparison_words.hpp"
#include "loadgen/markdown.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

constexpr std::size_t title_width = 32;
constexpr std::size_t gap = 2;

std::vector<std::string> lines_of(const text_cell& cell) {
    std::vector<std::string> lines{cell.value};
    if (!cell.range.empty())
        lines.push_back("(" + cell.range + ")");
    if (!cell.remark.empty())
        lines.push_back(cell.remark);
    return lines;
}

std::vector<std::string> title_lines(const text_row& row) {
    std::vector<std::string> lines;
    for (const std::string* text : {&row.title, &row.note}) {
        std::istringstream broken(wrapped("", *text, 1, title_width));
        for (std::string line; !text->empty() && std::getline(broken, line);)
            lines.push_back(line.substr(1));
    }
    return lines;
}

std::size_t width_of(const text_table& table, std::size_t column) {
    std::size_t width = table.columns[column].size();
    for (const text_row& row : table.rows)
        for (const std::string& line : lines_of(row.cells[column]))
            width = std::max(width, line.size());
    return width + gap;
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
    auto line = fmt::format("  {:<{}}", cells[0], title_width);
    for (std::size_t i = 0; i < widths.size(); ++i)
        line += fmt::format("{:>{}}", cells[i + 1], widths[i]);
    return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string some_columns(const text_table& table, std::size_t first, const std::vector<std::size_t>& widths) {
    std::vector<std::string> head{table.title};
    for (std::size_t i = 0; i < widths.size(); ++i)
        head.push_back(table.columns[first + i]);
    auto text = "\n" + line_of(head, widths);
    for (const text_row& row : table.rows) {
        std::vector<std::vector<std::string>> columns{title_lines(row)};
        std::size_t height = columns[0].size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            columns.push_back(lines_of(row.cells[first + i]));
            height = std::max(height, columns.back().size());
        }
        for (std::size_t line = 0; line < height; ++line) {
            std::vector<std::string> cells;
            for (const auto& column : columns)
                cells.push_back(line < column.size() ? column[line] : "");
            text += line_of(cells, widths);
        }
    }
    return text;
}

std::string table_text(const text_table& table) {
    std::string text;
    std::size_t first = 0;
    while (first < table.columns.size()) {
        std::vector<std::size_t> widths{width_of(table, first)};
        auto used = 2 + title_width + widths[0];
        for (auto next = first + 1; next < table.columns.size(); ++next) {
            const auto width = width_of(table, next);
            if (used + width > text_width)
                break;
            used += width;
            widths.push_back(width);
        }
        text += some_columns(table, first, widths);
        first += widths.size();
    }
    return text;
}

std::string table_markdown(const text_table& table) {
    auto text = fmt::format("| {} |", escaped_markdown(table.title));
    std::string rule = "| --- |";
    for (const std::string& column : table.columns) {
        text += fmt::format(" {} |", escaped_markdown(column));
        rule += " --: |";
    }
    text += "\n" + rule + "\n";
    for (const text_row& row : table.rows) {
        text += fmt::format("| {}{} |", escaped_markdown(row.title),
                            row.note.empty() ? "" : " (" + escaped_markdown(row.note) + ")");
        for (const text_cell& cell : row.cells)
            text += fmt::format(" {}{}{} |", cell.value, cell.range.empty() ? "" : " (" + cell.range + ")",
                                cell.remark.empty() ? "" : ", " + cell.remark);
        text += "\n";
    }
    return text;
}

json table_json(const text_table& table) {
    json rows = json::array();
    for (const text_row& row : table.rows) {
        json cells = json::array();
        for (const text_cell& cell : row.cells)
            cells.push_back({{"value", cell.value}, {"range", cell.range}, {"remark", cell.remark}});
        rows.push_back({{"title", row.title}, {"note", row.note}, {"cells", std::move(cells)}});
    }
    return {{"title", table.title}, {"columns", table.columns}, {"rows", std::move(rows)}};
}

json stage_json(const stage_over_rounds& stage) {
    json found{{"rate_rps", stage.rate_rps}, {"believable", stage.believable}};
    for (std::size_t i = 0; i < measure_count; ++i)
        if (const auto& value = stage.values[i])
            found[std::string(name_of(static_cast<measure>(i)))] = {value->median.low, value->range.low,
                                                                    value->range.high};
    return found;
}

json target_json(const compared_target& target) {
    json results = json::array();
    for (const compared_run& run : target.rounds)
        results.push_back(run.result);
    json stages = json::array();
    for (const stage_over_rounds& stage : target.stages)
        stages.push_back(stage_json(stage));
    return {{"name", target.name}, {"results", std::move(results)}, {"stages", std::move(stages)}};
}

} // namespace

std::string comparison_text(const comparison& all) {
    std::string text;
    for (const std::string& sentence : headline_of(all))
        text += wrapped(" ", sentence, 2);
    for (const text_table& table : tables_of(all))
        text += table_text(table);
    text += "\n";
    for (const std::string& note : notes_of(all))
        text += wrapped("  *", note, 4);
    const auto paired = paired_words_of(all);
    text += paired.empty() ? "" : "\n";
    for (const std::string& sentence : paired)
        text += wrapped(" ", sentence, 2);
    return text;
}

std::string comparison_markdown(const comparison& all, const std::string& title) {
    std::string text = title.empty() ? "" : fmt::format("# {}\n\n", escaped_markdown(title));
    for (const std::string& sentence : headline_of(all))
        text += escaped_markdown(sentence) + "\n\n";
    for (const text_table& table : tables_of(all))
        text += table_markdown(table) + "\n";
    for (const std::string& note : notes_of(all))
        text += "* " + escaped_markdown(note) + "\n";
    for (const std::string& sentence : paired_words_of(all))
        text += "\n" + escaped_markdown(sentence) + "\n";
    return text;
}

json comparison_json(const comparison& all) {
    json tables = json::array();
    for (const text_table& table : tables_of(all))
        tables.push_back(table_json(table));
    json targets = json::array();
    for (const compared_target& target : all.targets)
        targets.push_back(target_json(target));
    return {{"objective", {{"p99_us", all.wanted.p99_us}, {"availability", all.wanted.availability}}},
            {"headline", headline_of(all)},
            {"tables", std::move(tables)},
            {"notes", notes_of(all)},
            {"paired", paired_words_of(all)},
            {"targets", std::move(targets)}};
}

} // namespace beastmark::loadgen
