#include "loadgen/markdown.hpp"

namespace beastmark::loadgen {

std::string escaped_markdown(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_' || c == '`' || c == '[' || c == '\\')
            safe += '\\';
        safe += c == '\n' ? ' ' : c;
    }
    return safe;
}

} // namespace beastmark::loadgen
