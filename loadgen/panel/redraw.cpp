#include "loadgen/panel/redraw.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace beastmark::loadgen {

namespace {

constexpr const char* erase_rest_of_line = "\x1b[K";
constexpr const char* erase_below = "\x1b[J"; // what a larger picture or the echo of ^C left there

} // namespace

// A terminal that has become narrower has broken the lines that were longer, most do: the picture is higher
// now.
std::string redraw::back_to_top(terminal_size size) const {
    std::size_t rows = 0;
    for (const auto columns : shown_)
        rows += std::max<std::size_t>(1, (columns + size.columns - 1) / size.columns);
    return rows == 0 ? "\r" : fmt::format("\r\x1b[{}A", rows);
}

std::string redraw::show(std::span<const panel_line> lines, terminal_size size) {
    auto bytes = back_to_top(size);
    shown_.clear();
    for (const auto& line : lines) {
        bytes.append(line.text).append(erase_rest_of_line).append("\n");
        shown_.push_back(line.columns);
    }
    return bytes + erase_below;
}

std::string redraw::wipe(terminal_size size) {
    if (shown_.empty())
        return "";
    auto bytes = back_to_top(size) + erase_below;
    shown_.clear();
    return bytes;
}

} // namespace beastmark::loadgen
