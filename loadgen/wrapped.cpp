#include "loadgen/wrapped.hpp"

#include <algorithm>

namespace beastmark::loadgen {

std::string wrapped(std::string first, std::string_view text, std::size_t indent, std::size_t width) {
    auto column = first.size();
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (column + 1 + word.size() > width) {
            first += '\n' + std::string(indent, ' ');
            column = indent;
        } else {
            first += ' ';
            ++column;
        }
        first += word;
        column += word.size();
    }
    return first + "\n";
}

} // namespace beastmark::loadgen
