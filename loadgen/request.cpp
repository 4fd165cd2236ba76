#include "loadgen/request.hpp"

#include "common/version.hpp"
#include "loadgen/printable.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t length_size = 20; // digits of Content-Length at most
constexpr std::string_view blank_line = "\r\n\r\n";

// RFC 9110 section 5.6.2.
bool token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::pair<std::string_view, std::string_view> split_header(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !token(line.substr(0, colon)) ||
        line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
        throw std::invalid_argument(fmt::format("header '{}': write 'Name: value'", printable(line)));
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return {line.substr(0, colon), value};
}

// So that a placeholder of the head does not become what one of the body does.
constexpr std::uint64_t head_stream = 0x68656164;

} // namespace

request_template::request_template(std::string_view method, const url& where,
                                   std::span<const std::string> headers, body_template body)
    : body_(std::move(body)), head_only_(method == "HEAD") {
    line_files files;
    write(method, where, body_template(where.target, template_place::target, files), headers, files);
}

request_template::request_template(std::string_view method, const url& where, const body_template& target,
                                   std::span<const std::string> headers, body_template body,
                                   line_files& files)
    : body_(std::move(body)), head_only_(method == "HEAD") {
    write(method, where, target, headers, files);
}

void request_template::write(std::string_view method, const url& where, const body_template& target,
                             std::span<const std::string> headers, line_files& files) {
    if (!token(method))
        throw std::invalid_argument(fmt::format("method '{}' is not an HTTP method", printable(method)));
    auto host = fmt::format("Host: {}\r\n", where.authority);
    auto agent = fmt::format("User-Agent: loadgen/{}\r\n", version());
    const auto has_body = body_.max_size() > 0;
    std::string type = has_body ? "Content-Type: application/json\r\n" : "";
    body_template others;
    for (const auto& line : headers) {
        const auto [name, value] = split_header(line);
        if (boost::iequals(name, "Content-Length") || boost::iequals(name, "Transfer-Encoding"))
            throw std::invalid_argument(fmt::format("header '{}': loadgen frames the body itself", line));
        if (boost::iequals(name, "Host"))
            host.clear();
        if (boost::iequals(name, "User-Agent"))
            agent.clear();
        if (boost::iequals(name, "Content-Type"))
            type.clear();
        others.append(fmt::format("{}: ", name));
        others.append(body_template(value, template_place::header, files));
        others.append("\r\n");
    }
    head_.append(fmt::format("{} ", method));
    head_.append(target);
    head_.append(fmt::format(" HTTP/1.1\r\n{}{}{}", host, agent, type));
    head_.append(others);
    const auto bodyless = method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
    if (has_body || !bodyless)
        head_.append("Content-Length: ");
    if (!body_.constant())
        return;
    const auto body = std::exchange(body_, {}).render(0, 0);
    if (has_body || !bodyless)
        head_.append(fmt::format("{}\r\n", body.size()));
    head_.append("\r\n" + body);
    constant_ = head_.constant();
}

std::size_t request_template::max_size() const noexcept {
    return head_.max_size() +
           (body_.max_size() == 0 ? 0 : length_size + blank_line.size() + body_.max_size());
}

std::size_t request_template::render(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept {
    auto* const length = head_.render(buffer, seed ^ head_stream, i);
    if (body_.max_size() == 0)
        return static_cast<std::size_t>(length - buffer);
    // The body's size is known once it is written: it is written where it would begin after the longest
    // length, and moved back over the digits that were not needed.
    auto* const body = length + length_size + blank_line.size();
    const auto size = static_cast<std::size_t>(body_.render(body, seed, i) - body);
    auto* end = std::to_chars(length, length + length_size, size).ptr;
    std::memcpy(end, blank_line.data(), blank_line.size());
    end += blank_line.size();
    std::memmove(end, body, size);
    return static_cast<std::size_t>(end + size - buffer);
}

} // namespace beastmark::loadgen
