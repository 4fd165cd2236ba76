// The live view of a run, as lines of text: a head that moves with each frame, and of each target what is
// known since its last whole second.
#pragma once

#include "loadgen/panel/panel_line.hpp"
#include "loadgen/run.hpp"

#include <cstddef>
#include <vector>

namespace beastmark::loadgen {

struct terminal_size {
    std::size_t columns = 80;
    std::size_t rows = 24;

    friend bool operator==(const terminal_size&, const terminal_size&) = default;
};

class panel {
public:
    explicit panel(const panel_style& style) : style_(style) {}

    /// A frame: fewer lines than the terminal has rows, each narrower than it is. Of a terminal that is too
    /// small for all targets it is one line, of one target after the other. `now` is not before the start.
    const std::vector<panel_line>& frame(const run_record& record, run_time now, terminal_size size);

private:
    panel_style style_;
    // The lines of targets are made anew when a second has closed, or for another size: a frame costs a head.
    std::vector<panel_line> lines_;
    terminal_size size_of_lines_{};
    std::size_t rows_in_lines_ = 0;
};

} // namespace beastmark::loadgen
