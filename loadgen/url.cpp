#include "loadgen/url.hpp"

#include "common/host_and_port.hpp"
#include "loadgen/name.hpp"
#include "loadgen/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

[[noreturn]] void fail(std::string_view text, std::string_view why) {
    throw std::invalid_argument(fmt::format("URL '{}': {}", text, why));
}

bool visible(char c) {
    return c > ' ' && c < '\x7f';
}

// Without the blanks in its placeholders.
std::string without_blanks(std::string_view text) {
    std::string all(text);
    for (auto open = all.find("{{"); open != std::string::npos; open = all.find("{{", open + 2)) {
        const auto close = all.find("}}", open);
        if (close != std::string::npos)
            std::replace(all.begin() + static_cast<std::ptrdiff_t>(open),
                         all.begin() + static_cast<std::ptrdiff_t>(close), ' ', '_');
    }
    return all;
}

} // namespace

url url::parse_template(std::string_view text) {
    auto result = parse(without_blanks(text));
    // Of the same length as what was parsed: what is not the target has no placeholders.
    const auto rest = text.substr(0, text.find('#'));
    const auto target = rest.substr(std::min(rest.find_first_of("/?", rest.find("://") + 3), rest.size()));
    result.text = text;
    result.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return result;
}

bool is_request_target(std::string_view text) {
    return text.starts_with('/') &&
           std::all_of(text.begin(), text.end(), [](char c) { return visible(c) && c != '#'; });
}

std::string joined_target(const url& where, std::string_view path) {
    if (path.empty())
        return where.target;
    if (!is_request_target("/" + without_blanks(path)) || (path.front() != '/' && path.front() != '?'))
        throw std::invalid_argument(
            fmt::format("path '{}': it begins with '/' or '?', and is visible ASCII: percent-encode the rest",
                        printable(path)));
    if (where.target.find('?') != std::string::npos)
        throw std::invalid_argument(
            fmt::format("URL '{}': leave out its query, paths are put behind it", where.text));
    std::string_view before = where.target;
    if (before.ends_with('/') && path.front() == '/')
        before.remove_suffix(1);
    return std::string(before) + std::string(path);
}

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
        return {"target", url::parse_template(text)};
    const auto name = text.substr(0, equals);
    if (!is_name(name))
        throw std::invalid_argument(
            fmt::format("target '{}': the name before '=' must be {}", text, name_rule));
    return {std::string(name), url::parse_template(text.substr(equals + 1))};
}

} // namespace beastmark::loadgen
