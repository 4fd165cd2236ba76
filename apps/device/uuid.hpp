// Random UUIDs (RFC 9562, version 4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace beastmark::device {

/// A UUID and its text, lower case, zero-terminated.
class uuid_text {
public:
    explicit uuid_text(std::array<std::uint8_t, 16> bytes);

    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size() - 1}; }

    [[nodiscard]] const char* c_str() const { return text_.data(); }

private:
    std::array<std::uint8_t, 16> bytes_;
    std::array<char, 37> text_;
};

/// Makes UUIDs from the kernel's random generator, fetched a page at a time: a call of its own for each UUID
/// costs more than the UUID. One to a thread.
class uuid_source {
public:
    /// @throws std::system_error when the kernel gives no random bytes.
    uuid_text next();

private:
    std::array<std::uint8_t, 4096> random_;
    std::size_t used_ = sizeof random_;
};

} // namespace beastmark::device
