#include "loadgen/body_search.hpp"

#include <utility>

namespace beastmark::loadgen {

body_search::body_search(std::string text) : text_(std::move(text)), border_(text_.size() + 1) {
    progress matched = 0;
    for (std::size_t i = 1; i < text_.size(); ++i) {
        while (matched > 0 && text_[i] != text_[matched])
            matched = border_[matched];
        if (text_[i] == text_[matched])
            ++matched;
        border_[i + 1] = matched;
    }
}

body_search::progress body_search::feed(progress so_far, std::string_view piece) const noexcept {
    for (const char c : piece) {
        if (found(so_far))
            break;
        while (so_far > 0 && c != text_[so_far])
            so_far = border_[so_far];
        if (c == text_[so_far])
            ++so_far;
    }
    return so_far;
}

} // namespace beastmark::loadgen
