#include "loadgen/observed_spec.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace beastmark::loadgen {
namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

[[noreturn]] void refuse(std::string_view option, std::string_view form, std::string_view text,
                         std::string_view why) {
    std::string line(option);
    line.append(" wants ").append(form).append(", not '").append(text).append("': ").append(why);
    throw std::invalid_argument(line);
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

struct named {
    std::string_view name;
    std::string_view value;
};

named split(std::string_view option, std::string_view form, std::string_view text) {
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos)
        refuse(option, form, text, "there is no '='");
    const std::string_view name = text.substr(0, at);
    if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), is_name_character))
        refuse(option, form, text, "a name is 1 to 64 letters, digits, '_', '.' or '-'");
    return {name, text.substr(at + 1)};
}

} // namespace

watch_spec parse_watch(std::string_view text) {
    const auto [name, value] = split("--watch", "NAME=PID", text);
    watch_spec spec{std::string(name), 0};
    if (!read_number(value, spec.pid) || spec.pid <= 0)
        refuse("--watch", "NAME=PID", text, "the process id is not a positive number");
    return spec;
}

scrape_spec parse_scrape(std::string_view text) {
    constexpr std::string_view option = "--scrape";
    constexpr std::string_view form = "NAME=http://HOST[:PORT]/PATH";
    const auto [name, url] = split(option, form, text);
    scrape_spec spec{std::string(name), std::string(url), {}, "80", "/"};
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme))
        refuse(option, form, text, "the URL does not begin with http://");
    if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == '\x7f'; }))
        refuse(option, form, text, "a blank or control character in the URL");
    std::string_view rest = url.substr(scheme.size());
    rest = rest.substr(0, rest.find('#'));
    const std::size_t path_at = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, path_at);
    if (path_at != std::string_view::npos)
        spec.path = (rest[path_at] == '?' ? "/" : "") + std::string(rest.substr(path_at));
    if (authority.find('@') != std::string_view::npos)
        refuse(option, form, text, "user names in the URL are not supported");
    const bool bracketed = authority.starts_with('[');
    const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && host_end == std::string_view::npos)
        refuse(option, form, text, "the '[' is not closed");
    spec.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
    if (spec.host.empty())
        refuse(option, form, text, "the host is missing");
    std::string_view port;
    if (host_end != std::string_view::npos)
        port = authority.substr(host_end + (bracketed ? 1 : 0));
    if (!port.empty()) {
        std::uint16_t number = 0;
        if (port.front() != ':' || !read_number(port.substr(1), number) || number == 0)
            refuse(option, form, text, "the port is not a number from 1 to 65535");
        spec.port = port.substr(1);
    }
    return spec;
}

} // namespace beastmark::loadgen
