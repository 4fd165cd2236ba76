// Bytes as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace beastmark {

/// Base64 with padding and without line breaks. RFC 4648, section 4
std::string to_base64(std::string_view bytes);

/// What to_base64() makes of exactly one series of bytes, or nullopt: other characters, padding that is
/// missing or not at the end, and leftover bits that are not zero are refused.
std::optional<std::string> from_base64(std::string_view text);

} // namespace beastmark
