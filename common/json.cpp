#include "common/json.hpp"

#include <cstdint>

namespace beastmark {

namespace {

constexpr bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// So many characters as one value; GCC's and Clang's vector types are SSE2 on amd64 and NEON on arm64. Looked
// at one by one, characters took half of what a GET costs outside the kernel.
template <std::size_t Size>
using block [[gnu::vector_size(Size)]] = unsigned char;

// Copies the next characters if none of them needs it.
template <std::size_t Size>
bool copy_block(const char* from, char* to) {
    block<Size> characters;
    std::memcpy(&characters, from, Size);
    const auto found = (characters < 0x20) | (characters == '"') | (characters == '\\');
    std::uint64_t parts[Size / 8];
    std::memcpy(parts, &found, Size);
    std::uint64_t any = 0;
    for (const auto part : parts) {
        any |= part;
    }
    if (any != 0) {
        return false;
    }
    std::memcpy(to, &characters, Size);
    return true;
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
    const char* from = text.data();
    const char* const end = from + text.size();
    const auto take = [&](std::ptrdiff_t size) {
        from += size;
        at_ += size;
    };
    while (from != end) {
        if (end - from >= 16 && copy_block<16>(from, at_)) {
            take(16);
            continue;
        }
        if (end - from >= 8 && copy_block<8>(from, at_)) {
            take(8);
            continue;
        }
        if (const char c = *from++; needs_escape(c)) {
            escape(c);
        } else {
            *at_++ = c;
        }
    }
}

void append_json_string(std::string& out, std::string_view text) {
    json_writer json{out, json_writer::room_for(text) + 2};
    json.literal("\"");
    json.characters(text);
    json.literal("\"");
}

} // namespace beastmark
