// The URL of a target, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace beastmark::loadgen {

struct url {
    std::string text;      // as given
    std::string host;      // without the brackets of an IPv6 address
    std::string port;      // "80", of https "443", when not given
    std::string target;    // what the request line carries: path and query, at least "/"
    std::string authority; // the Host field: host, brackets kept, and the port unless it is that
    bool secure = false;   // https

    /// Reads http://HOST[:PORT][/PATH][?QUERY], or https://; a fragment is dropped. Throws
    /// std::invalid_argument with one clear line.
    static url parse(std::string_view text);

    /// The same with placeholders in path and query, which may hold blanks.
    static url parse_template(std::string_view text);
};

/// What a request line can carry: begins with '/', is visible ASCII, has no fragment.
bool is_request_target(std::string_view text);

/// The target of a request below a URL: `path` behind the URL's own path, or instead of its query where it
/// begins with '?'; the URL's own target when it is empty. Both may have placeholders. Throws
/// std::invalid_argument with one clear line.
std::string joined_target(const url& where, std::string_view path);

/// --target NAME=URL, or a bare URL with the name "target". The URL may have placeholders.
struct target_spec {
    std::string name;
    url where;
};

/// Throws std::invalid_argument with one clear line. Names are 1 to 64 of A-Z a-z 0-9 _ . -
target_spec parse_target(std::string_view text);

} // namespace beastmark::loadgen
