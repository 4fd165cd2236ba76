#include "loadgen/panel/bars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t levels = 8;

// By height, from nothing on: U+2581 to U+2588.
constexpr std::array<std::string_view, levels + 1> heights_utf8{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, levels + 1> heights_ascii{" ", ".", ":", "-", "=", "+", "*", "#", "@"};

// By width, from nothing on, over the shade of what is not filled: U+2591, U+258F to U+2588.
constexpr std::array<std::string_view, levels + 1> widths_utf8{"░", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

std::string_view height_of(double value, double largest, bool utf8) {
    const auto& heights = utf8 ? heights_utf8 : heights_ascii;
    if (!(value > 0) || !(largest > 0))
        return heights[0];
    const auto level = static_cast<std::size_t>(std::ceil(value / largest * levels));
    return heights[std::clamp<std::size_t>(level, 1, levels)];
}

} // namespace

std::string sparkline(std::span<const double> values, std::size_t columns, bool utf8) {
    const auto shown = values.last(std::min(values.size(), columns));
    const auto largest = shown.empty() ? 0 : *std::ranges::max_element(shown);
    std::string line(columns - shown.size(), ' ');
    for (const auto value : shown)
        line += height_of(value, largest, utf8);
    return line;
}

std::string progress_bar(double share, std::size_t columns, bool utf8) {
    const auto eighths =
        static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(levels * columns));
    std::string bar;
    for (std::size_t i = 0; i < columns; ++i) {
        const auto filled = std::min(levels, eighths - std::min(eighths, levels * i));
        if (utf8)
            bar += widths_utf8[filled];
        else
            bar += filled == levels ? '#' : '.';
    }
    return bar;
}

} // namespace beastmark::loadgen
