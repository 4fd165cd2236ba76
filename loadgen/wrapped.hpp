// Text for a terminal, broken at blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// The widest line that loadgen prints.
inline constexpr std::size_t text_width = 100;

/// `text` behind `first`, in lines of at most `width`; those after the first are indented by `indent`
/// blanks. A longer word gets a line of its own. Ends with a line break.
std::string wrapped(std::string first, std::string_view text, std::size_t indent,
                    std::size_t width = text_width);

} // namespace beastmark::loadgen
