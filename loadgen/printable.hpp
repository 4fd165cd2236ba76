// What a message shows of a text that somebody else wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

inline constexpr std::size_t longest_shown = 64;

/// One line of ASCII, not too long.
inline std::string printable(std::string_view text) {
    std::string shown(text.substr(0, longest_shown));
    for (char& c : shown)
        c = c >= ' ' && c < '\x7f' ? c : '?';
    return shown;
}

} // namespace beastmark::loadgen
