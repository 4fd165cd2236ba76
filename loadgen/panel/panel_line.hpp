// A line of the panel: fields side by side, the less important ones left out where there is no room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// What a terminal shows.
struct panel_style {
    bool colour = false;
    bool utf8 = false; // else ASCII
};

enum class ink { plain, dim, green, yellow, red };

/// ASCII or eighths of blocks: each code point takes a column.
struct panel_field {
    std::string text;
    ink colour = ink::plain;
    int rank = 0; // where there is no room the highest goes first
};

struct panel_line {
    std::string text; // with the escapes of colours
    std::size_t columns = 0;
};

/// How many columns a text without escapes takes.
std::size_t columns_of(std::string_view text) noexcept;

/// An ASCII text, cut to so many columns: ends with "..." where something is missing.
std::string cut(std::string text, std::size_t columns);

/// The fields two blanks apart, in their order, in at most so many columns. The last one left is cut when
/// even it is too long.
panel_line fitted(std::vector<panel_field> fields, std::size_t columns, bool colour);

} // namespace beastmark::loadgen
