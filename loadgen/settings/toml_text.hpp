// TOML with ASCII alone: what is beyond it is written as escapes.
#pragma once

#include <string>
#include <string_view>

namespace beastmark::loadgen::settings {

/// The same document with \\u escapes in its strings, and question marks in its comments. For toml++ 3.3,
/// which does what is undefined with some letters. Throws std::invalid_argument with one clear line: what is
/// not UTF-8, or is neither in double quotes nor in a comment.
std::string ascii_toml(std::string_view text, const std::string& path);

} // namespace beastmark::loadgen::settings
