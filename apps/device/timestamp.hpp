// A point in time and its text, for JSON and for PostgreSQL. RFC 3339.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace beastmark::device {

/// "2024-05-28T15:21:51.137042Z": UTC with microseconds, PostgreSQL's resolution, so that the row equals the
/// answer.
class timestamp {
public:
    explicit timestamp(std::chrono::system_clock::time_point time);

    [[nodiscard]] std::chrono::sys_time<std::chrono::microseconds> time() const { return time_; }

    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size() - 1}; }

    /// Zero-terminated, as libpq takes parameters.
    [[nodiscard]] const char* c_str() const { return text_.data(); }

private:
    std::chrono::sys_time<std::chrono::microseconds> time_;
    std::array<char, 28> text_;
};

} // namespace beastmark::device
