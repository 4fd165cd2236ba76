// Writing JSON of a fixed shape to the end of a string. RFC 8259.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace beastmark {

/// Writes to the end of a string, for which room is made once: appending piece by piece costs several times
/// as much. The string is as long as what was written when the writer ends.
class json_writer {
public:
    static constexpr std::size_t room_for_integer = 20;

    /// @param at_most bytes that will be written, escapes not counted; it is not checked. Allocates only when
    /// `out` grows.
    json_writer(std::string& out, std::size_t at_most) : out_{out} {
        const auto before = out.size();
        out.resize(before + at_most);
        at_ = out.data() + before;
    }

    json_writer(const json_writer&) = delete;
    json_writer& operator=(const json_writer&) = delete;

    ~json_writer() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }

    /// As it is.
    template <std::size_t Size>
    void literal(const char (&text)[Size]) {
        std::memcpy(at_, text, Size - 1);
        at_ += Size - 1;
    }

    /// `text`, which must be valid UTF-8, as the inside of a JSON string: quotes, backslashes and control
    /// characters escaped, all else as it is.
    void characters(std::string_view text);

    /// In decimal.
    template <std::integral Integer>
    void integer(Integer value) {
        at_ = std::to_chars(at_, at_ + room_for_integer, value).ptr;
    }

private:
    // Short text, or such as needs escapes. Apart, for what it keeps in registers would cost all other text.
    [[gnu::noinline]] void one_by_one(std::string_view text);

    void escape(char c);

    std::string& out_;
    char* at_;
};

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// Appends an integer in decimal.
template <std::integral Integer>
void append_integer(std::string& out, Integer value) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end);
}

} // namespace beastmark
