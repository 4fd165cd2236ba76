#include "loadgen/url.hpp"

#include "common/host_and_port.hpp"
#include "loadgen/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(fmt::format("URL '{}': {}", text, why));
}

bool visible(char c) {
    return c > ' ' && c < '\x7f';
}

} // namespace

url url::parse(std::string_view text) {
    const bool secure = text.starts_with("https://");
    const std::string_view scheme = secure ? "https://" : "http://";
    if (!text.starts_with(scheme))
        fail(text, "it must begin with http:// or https://");
    if (!std::all_of(text.begin(), text.end(), visible))
        fail(text, "spaces and characters beyond ASCII must be percent-encoded");
    url result;
    result.text = text;
    result.secure = secure;
    const std::string usual_port = secure ? "443" : "80";
    auto rest = text.substr(scheme.size());
    rest = rest.substr(0, rest.find('#'));
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    const auto target = rest.substr(authority.size());
    result.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    if (authority.find('@') != std::string_view::npos)
        fail(text, "user and password are not supported, give -H 'Authorization: ...'");

    try {
        const auto where = parse_host_and_port(authority);
        result.host = where.host;
        result.port = where.port == 0 ? usual_port : std::to_string(where.port);
    } catch (const std::invalid_argument& wrong) {
        fail(text, wrong.what());
    }
    const bool ip6 = result.host.find(':') != std::string::npos;
    result.authority = ip6 ? "[" + result.host + "]" : result.host;
    if (result.port != usual_port)
        result.authority += ":" + result.port;
    return result;
}

target_spec parse_target(std::string_view text) {
    const auto equals = text.find('=');
    const auto scheme = text.find("://");
    if (equals == std::string_view::npos || (scheme != std::string_view::npos && scheme < equals))
        return {"target", url::parse(text)};
    const auto name = text.substr(0, equals);
    if (!is_name(name))
        throw std::invalid_argument(
            fmt::format("target '{}': the name before '=' must be {}", text, name_rule));
    return {std::string(name), url::parse(text.substr(equals + 1))};
}

} // namespace beastmark::loadgen
