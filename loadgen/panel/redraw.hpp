// Which bytes put a picture where the last one was, on a terminal that is written to line by line. No
// alternate screen, so that what was there stays and can be scrolled to; the cursor is not hidden but stays
// on the line below: whatever ends the program, the next prompt has a line of its own.
#pragma once

#include "loadgen/panel/panel.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen {

class redraw {
public:
    /// The picture, in place of the last one.
    std::string show(std::span<const panel_line> lines, terminal_size size);

    /// Nothing in its place: what is printed next begins where the picture was.
    std::string wipe(terminal_size size);

private:
    [[nodiscard]] std::string back_to_top(terminal_size size) const;

    std::vector<std::size_t> shown_; // the columns of each line of the picture
};

} // namespace beastmark::loadgen
