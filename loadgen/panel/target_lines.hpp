// What the panel shows of a target: its last whole second, its last minute, and whether it is to be believed
// so far. A pure function of what was recorded, and the same until another second closes.
#pragma once

#include "loadgen/panel/panel_line.hpp"
#include "loadgen/run.hpp"

#include <cstddef>
#include <vector>

namespace beastmark::loadgen {

enum class panel_detail {
    figures, ///< five lines
    full,    ///< and the generator's lag and two sparklines: eight
};

constexpr std::size_t lines_of(panel_detail detail) noexcept {
    return detail == panel_detail::full ? 8 : 5;
}

/// lines_of(detail) lines of at most `columns`.
std::vector<panel_line> target_lines(const run_record& record, std::size_t target_index, panel_detail detail,
                                     std::size_t columns, const panel_style& style);

} // namespace beastmark::loadgen
