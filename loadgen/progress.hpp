// The live line on stderr: redrawn on a terminal, one plain line a second otherwise.
#pragma once

#include "loadgen/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

namespace beastmark::loadgen {

/// The line for a target's newest second, without colour.
std::string progress_text(const run_record& record, std::size_t target_index, run_time now);

class progress {
public:
    /// @param plain lines, also on a terminal.
    explicit progress(bool plain);

    void started(const run_record& record);
    void tick(const run_record& record, run_time now);
    void interrupted();
    void note(const std::string& text);

    /// Ends the line; call before anything else is printed.
    void finish();

private:
    void draw(const std::string& text);

    bool redraw_;
    bool colour_;
    bool drawn_ = false;
    std::size_t rows_told_ = 0;
};

} // namespace beastmark::loadgen
