// Numbers as people and programs write them, read whole or not at all.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace beastmark {

/// Reads `text` as one number: no blank, no sign but '-', nothing behind it. A floating-point
/// number has no exponent and may be "inf" or "nan".
/// Independent of the locale. Empty when it is anything else or out of the type's range.
template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    std::from_chars_result result{};
    if constexpr (std::floating_point<Number>) {
        result = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    } else {
        result = std::from_chars(text.data(), end, number);
    }
    if (result.ec != std::errc{} || result.ptr != end) {
        return std::nullopt;
    }
    return number;
}

} // namespace beastmark
