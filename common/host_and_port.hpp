// "host", "host:port", "[::1]:port": where a server is, as URLs and options write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace beastmark {

struct host_and_port {
    std::string host;       ///< a name or an address, an IPv6 address without its brackets
    std::uint16_t port = 0; ///< 0: none was given
};

/// Reads HOST, HOST:PORT or the same with a bracketed IPv6 address (RFC 3986 section 3.2.2). A resolver would
/// take 99999 for a port too, and wrap it: so the range is checked here.
/// @throws std::invalid_argument saying what is wrong, without quoting `text`.
host_and_port parse_host_and_port(std::string_view text);

/// HOST:PORT, an IPv6 address in brackets.
std::string text_of(const host_and_port& where);

} // namespace beastmark
