// What `loadgen run` shows on stderr while it goes on: the panel on a terminal, one plain line a second
// otherwise.
#pragma once

#include "loadgen/panel/panel.hpp"
#include "loadgen/panel/redraw.hpp"
#include "loadgen/panel/terminal.hpp"
#include "loadgen/run.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace beastmark::loadgen {

class progress {
public:
    /// @param plain lines, also on a terminal.
    explicit progress(bool plain);

    void started(const run_record& record);
    void tick(const run_record& record, run_time now);
    void interrupted();
    void note(const std::string& text);

    /// Takes the panel away; call before anything else is printed. The summary that follows has the same
    /// figures of the whole run; a picture of its last second would only stand between.
    void finish();

private:
    void print_rows(const run_record& record);

    terminal terminal_;
    std::optional<panel> panel_; // on a terminal that can be drawn on
    redraw redraw_;
    std::size_t rows_told_ = 0;
};

} // namespace beastmark::loadgen
