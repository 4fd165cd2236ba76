#include "loadgen/request.hpp"

#include "common/version.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

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
        throw std::invalid_argument(fmt::format("header '{}': write -H 'Name: value'", line));
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return {line.substr(0, colon), value};
}

} // namespace

request_template::request_template(std::string_view method, const url& where,
                                   std::span<const std::string> headers, body_template body)
    : body_(std::move(body)), head_only_(method == "HEAD") {
    if (!token(method))
        throw std::invalid_argument(fmt::format("method '{}' is not an HTTP method", method));
    const auto has_body = body_.max_size() > 0;
    std::vector<field> usual{{"Host", where.authority}, {"User-Agent", fmt::format("loadgen/{}", version())}};
    if (has_body)
        usual.push_back({"Content-Type", "application/json"});
    std::vector<field> given;
    for (const auto& line : headers) {
        const auto [name, value] = split_header(line);
        if (boost::iequals(name, "Content-Length") || boost::iequals(name, "Transfer-Encoding"))
            throw std::invalid_argument(fmt::format("header '{}': loadgen frames the body itself", line));
        std::erase_if(usual, [&](const field& ours) { return boost::iequals(ours.name, name); });
        given.push_back({std::string(name), std::string(value)});
    }
    head_ = fmt::format("{} {} HTTP/1.1\r\n", method, where.target);
    fields_ = {{":method", std::string(method)},
               {":scheme", where.secure ? "https" : "http"},
               {":authority", ""},
               {":path", where.target}};
    for (const auto& fields : {usual, given})
        for (const auto& f : fields) {
            head_ += fmt::format("{}: {}\r\n", f.name, f.value);
            if (boost::iequals(f.name, "Host"))
                fields_[2].value = f.value;
            else
                fields_.push_back({boost::to_lower_copy(f.name), f.value});
        }
    const auto bodyless = method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
    sends_length_ = has_body || !bodyless;
    if (sends_length_)
        head_ += "Content-Length: ";
    if (!body_.constant())
        return;
    constant_body_ = body_.render(0, 0);
    if (sends_length_)
        head_ += fmt::format("{}\r\n", constant_body_.size());
    head_ += "\r\n" + constant_body_;
}

std::string_view request_template::body(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept {
    if (constant())
        return constant_body_;
    return {buffer, static_cast<std::size_t>(body_.render(buffer, seed, i) - buffer)};
}

std::size_t request_template::max_size() const noexcept {
    return constant() ? head_.size() : head_.size() + length_size + blank_line.size() + body_.max_size();
}

void request_template::prepare(char* buffer) const noexcept {
    std::memcpy(buffer, head_.data(), head_.size());
}

std::size_t request_template::render(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept {
    if (constant())
        return head_.size();
    // The body's size is known once it is written: it is written where it would begin after the longest
    // length, and moved back over the digits that were not needed.
    auto* const length = buffer + head_.size();
    auto* const body = length + length_size + blank_line.size();
    const auto size = static_cast<std::size_t>(body_.render(body, seed, i) - body);
    auto* end = std::to_chars(length, length + length_size, size).ptr;
    std::memcpy(end, blank_line.data(), blank_line.size());
    end += blank_line.size();
    std::memmove(end, body, size);
    return static_cast<std::size_t>(end + size - buffer);
}

void require_http2_fields(const request_template& request) {
    constexpr std::array<std::string_view, 5> of_http1{"connection", "keep-alive", "proxy-connection", "te",
                                                       "upgrade"};
    for (const auto& f : request.fields())
        if (std::find(of_http1.begin(), of_http1.end(), f.name) != of_http1.end() && f.value != "trailers")
            throw std::invalid_argument(
                fmt::format("header '{}': HTTP/2 has no place for it: leave it out, or --http2", f.name));
}

} // namespace beastmark::loadgen
