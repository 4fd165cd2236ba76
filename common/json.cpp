#include "common/json.hpp"

#include <cstdint>

namespace beastmark {

namespace {

constexpr std::size_t longest_escape = 6; // \u001f

constexpr bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// So many characters as one value; GCC's and Clang's vector types are SSE2 on amd64 and NEON on arm64. Looked
// at one by one, characters took half of what a GET costs outside the kernel.
template <std::size_t Size>
using block [[gnu::vector_size(Size)]] = unsigned char;

// Copies the characters, of which there are `Size` at least, as they are. True if none needs an escape; what
// was copied is worth nothing otherwise.
template <std::size_t Size>
bool copy(std::string_view text, char* to) {
    block<Size> found{};
    const auto copy_block = [&](std::size_t place) {
        block<Size> characters;
        std::memcpy(&characters, text.data() + place, Size);
        found |= (characters < 0x20) | (characters == '"') | (characters == '\\');
        std::memcpy(to + place, &characters, Size);
    };
    const std::size_t last = text.size() - Size;
    for (std::size_t place = 0; place < last; place += Size) {
        copy_block(place);
    }
    copy_block(last); // some of it for the second time
    std::uint32_t parts[Size / 4];
    std::memcpy(parts, &found, Size);
    std::uint32_t any = 0;
    for (const auto part : parts) {
        any |= part;
    }
    return any == 0;
}

bool copy_if_plain(std::string_view text, char* to) {
    if (text.size() >= 16) {
        return copy<16>(text, to);
    }
    if (text.size() >= 8) {
        return copy<8>(text, to);
    }
    return text.size() >= 4 && copy<4>(text, to);
}

// What stands behind the backslash; 0: only the long form.
constexpr char short_escape(char c) {
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

} // namespace

void json_writer::escape(char c) {
    *at_++ = '\\';
    if (const char letter = short_escape(c); letter != 0) {
        *at_++ = letter;
        return;
    }
    constexpr std::string_view hex = "0123456789abcdef";
    literal("u00");
    *at_++ = hex[static_cast<unsigned char>(c) >> 4U];
    *at_++ = hex[static_cast<unsigned char>(c) & 15U];
}

void json_writer::characters(std::string_view text) {
    if (copy_if_plain(text, at_)) {
        at_ += text.size();
    } else {
        one_by_one(text);
    }
}

void json_writer::one_by_one(std::string_view text) {
    const auto written = at_ - out_.data();
    out_.resize(out_.size() + (longest_escape - 1) * text.size());
    at_ = out_.data() + written;
    for (const char c : text) {
        if (needs_escape(c)) {
            escape(c);
        } else {
            *at_++ = c;
        }
    }
}

void append_json_string(std::string& out, std::string_view text) {
    json_writer json{out, text.size() + 2};
    json.literal("\"");
    json.characters(text);
    json.literal("\"");
}

} // namespace beastmark
