// Looks for a text in a body that comes in pieces, in constant memory: --expect-body-contains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// Knuth, Morris, Pratt: Fast pattern matching in strings (1977). The text is shared by all answers, how much
/// of it was seen belongs to one.
class body_search {
public:
    /// @param text what to look for, bytes as they are; empty: found in any body.
    explicit body_search(std::string text);

    /// How many bytes of the text the end of what came so far matches.
    using progress = std::uint32_t;

    /// Takes the next piece of a body. Linear in its size, allocates nothing.
    [[nodiscard]] progress feed(progress so_far, std::string_view piece) const noexcept;

    [[nodiscard]] bool found(progress so_far) const noexcept { return so_far == text_.size(); }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::vector<progress> border_; // of each prefix: its longest proper prefix that is its suffix, too
};

} // namespace beastmark::loadgen
