// Text as Markdown shows it.
#pragma once

#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// Names come from a command line: none ends a cell or starts markup.
std::string escaped_markdown(std::string_view text);

} // namespace beastmark::loadgen
