// Header values that are nobody else's business: results are handed on, so they do not hold them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// What stands for such a value.
inline constexpr std::string_view left_out = "***";

/// "Authorization" of "Authorization: Bearer x".
std::string_view header_name(std::string_view line);

/// Authorization, cookies, and what has a name that speaks of a key, a token, a secret or a password.
bool is_secret(std::string_view header_name);

/// "Authorization: ***".
std::string without_value(std::string_view header_line);

/// The words of a command line, without the values of those of `headers` that are secret, in whichever form
/// they were typed.
std::vector<std::string> without_secrets(std::vector<std::string> argv, std::span<const std::string> headers);

} // namespace beastmark::loadgen
