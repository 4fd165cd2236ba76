#include "loadgen/request.hpp"

#include "common/version.hpp"
#include "loadgen/printable.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>
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
    write(method, where, body_template(where.target, template_place::target, files), headers, files,
          http_version::http_1_1);
}

request_template::request_template(std::string_view method, const url& where, const body_template& target,
                                   std::span<const std::string> headers, body_template body,
                                   line_files& files, http_version version)
    : body_(std::move(body)), head_only_(method == "HEAD") {
    write(method, where, target, headers, files, version);
}

void request_template::write(std::string_view method, const url& where, const body_template& target,
                             std::span<const std::string> headers, line_files& files, http_version version) {
    if (!token(method))
        throw std::invalid_argument(fmt::format("method '{}' is not an HTTP method", printable(method)));
    const auto has_body = body_.max_size() > 0;
    std::vector<field> fields{
        {"Host", body_template::literal(where.authority)},
        {"User-Agent", body_template::literal(fmt::format("loadgen/{}", beastmark::version()))}};
    if (has_body)
        fields.push_back({"Content-Type", body_template::literal("application/json")});
    std::vector<field> given;
    for (const auto& line : headers) {
        const auto [name, value] = split_header(line);
        if (boost::iequals(name, "Content-Length") || boost::iequals(name, "Transfer-Encoding"))
            throw std::invalid_argument(fmt::format("header '{}': loadgen frames the body itself", line));
        std::erase_if(fields, [&](const field& ours) { return boost::iequals(ours.name, name); });
        given.push_back({std::string(name), body_template(value, template_place::header, files)});
    }
    fields.insert(fields.end(), std::make_move_iterator(given.begin()), std::make_move_iterator(given.end()));
    const auto bodyless = method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
    has_length_ = has_body || !bodyless;
    if (version == http_version::http_2)
        write_http2(method, where, target, fields);
    head_.append(fmt::format("{} ", method));
    head_.append(target);
    head_.append(" HTTP/1.1\r\n");
    for (const auto& f : fields) {
        head_.append(fmt::format("{}: ", f.name));
        head_.append(f.value);
        head_.append("\r\n");
    }
    if (has_length_)
        head_.append("Content-Length: ");
    if (!body_.constant())
        return;
    const auto body = std::exchange(body_, {}).render(0, 0);
    if (has_length_)
        head_.append(fmt::format("{}\r\n", body.size()));
    head_.append("\r\n" + body);
    constant_ = head_.constant();
}

void request_template::write_http2(std::string_view method, const url& where, const body_template& target,
                                   const std::vector<field>& fields) {
    constexpr std::array<std::string_view, 5> of_http1{"connection", "keep-alive", "proxy-connection", "te",
                                                       "upgrade"};
    http2_fields_ = {{":method", body_template::literal(method)},
                     {":scheme", body_template::literal(where.secure ? "https" : "http")},
                     {":authority", {}},
                     {":path", target}};
    for (const auto& f : fields) {
        const auto name = boost::to_lower_copy(f.name);
        if (std::find(of_http1.begin(), of_http1.end(), name) != of_http1.end() &&
            !(name == "te" && f.value.constant() && f.value.constant_text() == "trailers"))
            throw std::invalid_argument(
                fmt::format("header '{}': HTTP/2 has no place for it: leave it out, or --http2", name));
        if (name == "host")
            http2_fields_[2].value = f.value;
        else
            http2_fields_.push_back({name, f.value});
    }
    if (body_.constant())
        http2_body_ = body_.constant_text();
}

void request_template::render(http2_message& into, char* buffer, std::uint64_t seed, std::uint64_t i) const {
    const auto rendered = [&](const body_template& value, std::uint64_t stream) -> std::string_view {
        if (value.constant())
            return value.constant_text();
        auto* const begin = std::exchange(buffer, value.render(buffer, seed ^ stream, i));
        return {begin, static_cast<std::size_t>(buffer - begin)};
    };
    into.fields.clear();
    auto stream = head_stream;
    for (const auto& f : http2_fields_)
        into.fields.emplace_back(f.name, rendered(f.value, ++stream));
    into.body = body_.max_size() > 0 ? rendered(body_, 0) : std::string_view(http2_body_);
    into.has_length = has_length_;
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
