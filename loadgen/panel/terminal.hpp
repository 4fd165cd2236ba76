// The terminal that the panel is drawn on.
#pragma once

#include "loadgen/panel/panel.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

/// What the terminal can show, by the environment; `variable` is std::getenv. Nothing when it cannot go back
/// over what was written: TERM is "dumb" or missing. NO_COLOR: no-color.org. UTF-8 as setlocale(3) would find
/// it: by the first of LC_ALL, LC_CTYPE and LANG that is not empty.
std::optional<panel_style> style_from(const std::function<const char*(const char*)>& variable);

/// Does not own the descriptor.
class terminal {
public:
    explicit terminal(int fd) : fd_(fd) {}

    [[nodiscard]] bool is_one() const noexcept;

    /// Asked anew each time, so that a change is seen with the next frame. 80 by 24 where it is not known.
    [[nodiscard]] terminal_size size() const noexcept;

    /// It takes more: not while Ctrl-S holds it.
    [[nodiscard]] bool ready() const noexcept;

    /// With one write(2), as long as the terminal takes it whole. What cannot be written is lost: another
    /// frame follows.
    void write(std::string_view bytes) const noexcept;

private:
    int fd_;
};

} // namespace beastmark::loadgen
