// Appending JSON to a string, for answers of a fixed shape. RFC 8259.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace beastmark {

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes. Escapes quotes, backslashes
/// and control characters; all else goes through as it is. Allocates only when `out` grows.
void append_json_string(std::string& out, std::string_view text);

/// Appends an integer in decimal.
template <std::integral Integer>
void append_integer(std::string& out, Integer value) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end);
}

} // namespace beastmark
