// What is said to whoever is there. A reader that went away (| head, a tee that Ctrl-C ended first) or a full
// disk is no reason to lose what was measured, so nothing here throws.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace beastmark::loadgen {

/// On stderr, where what is lost is lost.
template <class... Arguments>
void tell(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    std::fputs(fmt::format(text, std::forward<Arguments>(arguments)...).c_str(), stderr);
}

/// On stdout; shown_all() says whether something was lost.
template <class... Arguments>
void show(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    std::fputs(fmt::format(text, std::forward<Arguments>(arguments)...).c_str(), stdout);
}

inline bool shown_all() {
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

} // namespace beastmark::loadgen
