// memcached's meta commands as bytes (protocol.txt of memcached 1.6, "Meta Commands"): `ms` stores an item,
// `mn` does nothing and is answered, which proves that a server is there. No sockets, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace beastmark::memcached {

/// What memcached takes as a key: 1 to 250 bytes, no space, no control character (which could end the
/// command).
bool is_key(std::string_view key) noexcept;

/// Appends `ms <key> <datalen> T<ttl>\r\n<value>\r\n`. Precondition: is_key(key).
void append_set(std::string& out, std::string_view key, std::string_view value, std::uint32_t ttl_s);

/// Appends `mn\r\n`.
void append_noop(std::string& out);

enum class reply {
    incomplete,    ///< no whole line yet
    stored,        ///< HD
    not_stored,    ///< NS
    server_error,  ///< SERVER_ERROR: this command failed, the next is not affected
    command_error, ///< CLIENT_ERROR or ERROR: the server may have taken data for commands, so what follows is
                   ///< no longer known to be in step
    noop_done,     ///< MN
    garbage,       ///< none of these, or longer than any reply
};

struct parsed_reply {
    reply kind = reply::incomplete;
    std::size_t size = 0; ///< of the line with its end; 0 when incomplete or garbage
};

/// Longest line taken for a reply, without its end.
inline constexpr std::size_t longest_reply = 512;

/// Reads the first line of `bytes`. Only whole lines are judged, so that it does not matter how they were cut
/// up.
parsed_reply parse_reply(std::string_view bytes) noexcept;

} // namespace beastmark::memcached
