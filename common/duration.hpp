// Durations as people type them: "30s", "500ms", "1m30s".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace beastmark {

/// Reads a duration: one or more decimal numbers, each with a unit of ns, us, ms, s, m or h, in any order
/// ("1m30s", "1.5s"). "0" alone needs no unit. Empty when the text is anything else or beyond 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads back as the same duration: "1m30s", "500ms", "0s".
std::string format_duration(std::chrono::nanoseconds duration);

} // namespace beastmark
