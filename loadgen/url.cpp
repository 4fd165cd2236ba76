#include "loadgen/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(fmt::format("URL '{}': {}", text, why));
}

bool valid_port(std::string_view text) {
    unsigned port = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && stop == end && port >= 1 && port <= 65535;
}

bool visible(char c) {
    return c > ' ' && c < '\x7f';
}

bool name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

} // namespace

url url::parse(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (text.starts_with("https://"))
        fail(text, "https is not supported yet, only http");
    if (!text.starts_with(scheme))
        fail(text, "it must begin with http://");
    if (!std::all_of(text.begin(), text.end(), visible))
        fail(text, "spaces and characters beyond ASCII must be percent-encoded");
    url result;
    result.text = text;
    auto rest = text.substr(scheme.size());
    rest = rest.substr(0, rest.find('#'));
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    const auto target = rest.substr(authority.size());
    result.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    if (authority.find('@') != std::string_view::npos)
        fail(text, "user and password are not supported, give -H 'Authorization: ...'");

    auto host = authority;
    std::string_view port;
    const auto bracket = authority.find(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        if (!valid_port(port))
            fail(text, fmt::format("port '{}' is not a number from 1 to 65535", port));
    }
    result.port = port.empty() ? "80" : port;
    result.authority = result.port == "80" ? std::string(host) : fmt::format("{}:{}", host, port);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host.empty())
        fail(text, "no host");
    result.host = host;
    return result;
}

target_spec parse_target(std::string_view text) {
    const auto equals = text.find('=');
    const auto scheme = text.find("://");
    if (equals == std::string_view::npos || (scheme != std::string_view::npos && scheme < equals))
        return {"target", url::parse(text)};
    const auto name = text.substr(0, equals);
    if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), name_character))
        throw std::invalid_argument(
            fmt::format("target '{}': the name before '=' must be 1 to 64 of A-Z a-z 0-9 _ . -", text));
    return {std::string(name), url::parse(text.substr(equals + 1))};
}

} // namespace beastmark::loadgen
