// Answers taken apart by hand, apart from everything the engine is made of: for tests that have bytes, not
// sockets.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

struct read_answer {
    int status = 0;
    bool closes = false;      // Connection: close
    bool keeps_alive = false; // Connection: keep-alive
    std::string head;         // its lines, each ended by CRLF, without the empty one
    std::string body;

    [[nodiscard]] bool has(std::string_view line) const {
        return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
    }
};

/// The answers in `bytes`, interim ones too. `is_head` says of the n-th final answer whether it is to HEAD.
/// Nothing when they are not HTTP, or when the last one is not whole.
template <class IsHead>
std::optional<std::vector<read_answer>> read_answers(std::string_view bytes, IsHead is_head) {
    std::vector<read_answer> all;
    std::size_t finals = 0;
    while (!bytes.empty()) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos || !bytes.starts_with("HTTP/1.1 ") || end < 12)
            return std::nullopt;
        read_answer one;
        one.head = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        const auto* const digits = one.head.data() + 9;
        if (std::from_chars(digits, digits + 3, one.status).ptr != digits + 3 || one.head[12] != ' ')
            return std::nullopt;
        one.closes = one.has("Connection: close");
        one.keeps_alive = one.has("Connection: keep-alive");
        if (one.status >= 200) {
            constexpr std::string_view name = "\r\nContent-Length: ";
            const auto at = one.head.find(name);
            std::size_t length = 0;
            if (at == std::string::npos || one.head.find(name, at + 1) != std::string::npos)
                return std::nullopt;
            const auto* const from = one.head.data() + at + name.size();
            const auto* const to = one.head.data() + one.head.size();
            if (const auto read = std::from_chars(from, to, length); read.ptr == from || *read.ptr != '\r')
                return std::nullopt;
            if (!is_head(finals++)) {
                if (bytes.size() < length)
                    return std::nullopt;
                one.body = bytes.substr(0, length);
                bytes.remove_prefix(length);
            }
        }
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace beastmark::testing
