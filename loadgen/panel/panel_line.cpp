#include "loadgen/panel/panel_line.hpp"

#include <algorithm>
#include <numeric>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t gap = 2;

// Of the 16 colours that each terminal has, and each of its themes made readable.
std::string_view escape_of(ink colour) {
    switch (colour) {
    case ink::dim:
        return "\x1b[2m";
    case ink::green:
        return "\x1b[32m";
    case ink::yellow:
        return "\x1b[33m";
    case ink::red:
        return "\x1b[31m";
    case ink::plain:
        break;
    }
    return "";
}

std::size_t width_of(const std::vector<panel_field>& fields) {
    return std::accumulate(fields.begin(), fields.end(), gap * (fields.size() - 1),
                           [](std::size_t sum, const panel_field& f) { return sum + columns_of(f.text); });
}

} // namespace

std::size_t columns_of(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string cut(std::string text, std::size_t columns) {
    if (text.size() <= columns)
        return text;
    constexpr std::string_view missing = "...";
    const auto kept = columns - std::min(columns, missing.size());
    text.resize(kept);
    return text.append(missing.substr(0, columns - kept));
}

panel_line fitted(std::vector<panel_field> fields, std::size_t columns, bool colour) {
    std::erase_if(fields, [](const panel_field& f) { return f.text.empty(); });
    while (fields.size() > 1 && width_of(fields) > columns)
        fields.erase(std::ranges::max_element(fields, {}, &panel_field::rank));
    if (fields.size() == 1 && columns_of(fields.front().text) > columns)
        fields.front().text = cut(std::move(fields.front().text), columns);
    panel_line line;
    for (const auto& f : fields) {
        if (line.columns > 0) {
            line.text.append(gap, ' ');
            line.columns += gap;
        }
        const auto escape = colour ? escape_of(f.colour) : std::string_view();
        line.text.append(escape).append(f.text).append(escape.empty() ? "" : "\x1b[0m");
        line.columns += columns_of(f.text);
    }
    return line;
}

} // namespace beastmark::loadgen
