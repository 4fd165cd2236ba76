#include "ingest/memcached/codec.hpp"

#include "common/json.hpp"

#include <algorithm>

namespace beastmark::memcached {
namespace {

constexpr std::size_t longest_key = 250;
constexpr std::string_view line_end = "\r\n";

// A reply is its word, alone or followed by a space and flags or a message.
bool is(std::string_view line, std::string_view word) noexcept {
    return line.starts_with(word) && (line.size() == word.size() || line[word.size()] == ' ');
}

reply kind_of(std::string_view line) noexcept {
    if (is(line, "HD"))
        return reply::stored;
    if (is(line, "NS"))
        return reply::not_stored;
    if (is(line, "SERVER_ERROR"))
        return reply::server_error;
    if (is(line, "CLIENT_ERROR") || is(line, "ERROR"))
        return reply::command_error;
    if (line == "MN")
        return reply::noop_done;
    return reply::garbage;
}

} // namespace

bool is_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= longest_key &&
           std::ranges::none_of(key, [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

void append_set(std::string& out, std::string_view key, std::string_view value, std::uint32_t ttl_s) {
    out.append("ms ").append(key).push_back(' ');
    append_integer(out, value.size());
    out.append(" T");
    append_integer(out, ttl_s);
    out.append(line_end).append(value).append(line_end);
}

void append_noop(std::string& out) {
    out.append("mn").append(line_end);
}

parsed_reply parse_reply(std::string_view bytes) noexcept {
    const auto head = bytes.substr(0, longest_reply + line_end.size());
    const auto end = head.find('\n');
    if (end == std::string_view::npos)
        return {.kind = head.size() > longest_reply + 1 ? reply::garbage : reply::incomplete};
    if (end == 0 || head[end - 1] != '\r')
        return {.kind = reply::garbage};
    const auto kind = kind_of(head.substr(0, end - 1));
    return {.kind = kind, .size = kind == reply::garbage ? 0 : end + 1};
}

} // namespace beastmark::memcached
