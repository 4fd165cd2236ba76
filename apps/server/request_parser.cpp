#include "server/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace beastmark::server {

namespace {

// Chunk headers, extensions and trailers come on top of the body; they too must end: a body in chunks may
// take so many times its limit on the wire.
constexpr std::size_t most_wire_bytes_a_byte = 16;

// "0", CRLF, CRLF: at any earlier point of a chunked body at least as much follows. Beast asserts it of the
// last chunk.
constexpr std::size_t shortest_chunked_end = 5;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Which characters a host may have, by their value.
constexpr auto allowed_in_host = [] {
    std::array<bool, 256> allowed{};
    for (std::size_t c = 0; c < allowed.size(); ++c) {
        allowed[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    for (const char c : std::string_view{"-._~!$&'()*+,;=%"}) {
        allowed[static_cast<unsigned char>(c)] = true;
    }
    return allowed;
}();

// uri-host [ ":" port ] of RFC 3986 section 3.2: characters and shape, not whether the host can exist.
bool is_host(std::string_view value) {
    const auto is_allowed = [](char c) { return allowed_in_host[static_cast<unsigned char>(c)]; };
    const bool bracketed = value.starts_with('['); // an IP address of version 6 or later
    const auto end = bracketed ? value.find(']') : std::min(value.find(':'), value.size());
    if (end == std::string_view::npos) {
        return false;
    }
    for (std::size_t i = bracketed ? 1 : 0; i < end; ++i) {
        const bool escape = value[i] == '%';
        const bool fits = is_allowed(value[i]) || (bracketed && value[i] == ':');
        if (!fits) {
            return false;
        }
        if (escape && (end - i < 3 || !is_hex(value[i + 1]) || !is_hex(value[i + 2]))) {
            return false;
        }
    }
    const auto rest = value.substr(bracketed ? end + 1 : end);
    return rest.empty() ||
           (rest.front() == ':' && rest.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool is_json(std::string_view media_type) {
    return boost::beast::iequals(trimmed(media_type.substr(0, media_type.find(';'))), "application/json");
}

// Does the first line end with a version that is well formed, but another than those understood ("HTTP/2.0")?
bool has_other_version(std::string_view unread) {
    const auto line = unread.substr(0, unread.find("\r\n"));
    constexpr std::string_view form = " HTTP/0.0";
    if (line.size() < form.size()) {
        return false;
    }
    const auto last = line.substr(line.size() - form.size());
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool understood =
        last == " HTTP/1.0" || last == " HTTP/1.1"; // then a blank in the target is the mistake
    return !understood && last.substr(0, 6) == form.substr(0, 6) && is_digit(last[6]) && last[7] == '.' &&
           is_digit(last[8]);
}

// A header field continued on a line of its own (obs-fold), which Beast joins (RFC 9112 section 5.2: refuse
// or join). Of a piece of a head that Beast has taken: it takes a field when it has seen that the next line
// does not begin with a blank, so a fold is never cut by the border of two pieces; and a blank behind the
// request line is a bad field to it.
bool has_fold(std::string_view taken) {
    for (auto end = taken.find('\n'); end != std::string_view::npos && end + 1 < taken.size();
         end = taken.find('\n', end + 1)) {
        if (taken[end + 1] == ' ' || taken[end + 1] == '\t') {
            return true;
        }
    }
    return false;
}

} // namespace

request_parser::request_parser(const route_table& routes, const request_limits& limits, std::string& body)
    : routes_{routes}, limits_{limits}, body_{body} {
    body_.clear();
    header_limit(static_cast<std::uint32_t>(limits.head_bytes()));
    body_limit(limits.body_bytes());
    eager(false); // put() then stops behind the head, so that its size is known
}

std::size_t request_parser::feed(std::string_view input) {
    std::size_t used = 0;
    while (state_ == state::need_more && used < input.size()) {
        const bool in_head = !has_head_;
        const auto unread = input.substr(used);
        if (has_head_ && codings_ > 0 && unread.size() < shortest_chunked_end) {
            break;
        }
        error_code ec;
        const std::size_t taken = put(boost::asio::buffer(unread.data(), unread.size()), ec);
        used += taken;
        (in_head ? head_bytes_ : body_wire_bytes_) += taken;
        if (state_ == state::failed || (in_head && !check_head(unread.substr(0, taken)))) {
            break;
        }
        if (ec == http::error::need_more) {
            check_unusable(input.size() - used);
            break;
        }
        if (ec) {
            fail_from_beast(ec, unread);
        } else if (body_wire_bytes_ > most_wire_bytes_a_byte * limits_.body_bytes()) {
            fail(limits_.body_too_large());
        } else if (is_done()) {
            state_ = state::complete;
        }
    }
    return used;
}

// What Beast does not look at, in a piece of the head that it took.
bool request_parser::check_head(std::string_view taken) {
    if (head_bytes_ > limits_.head_bytes()) {
        fail(limits_.head_too_large());
    } else if (has_fold(taken)) {
        fail(errors::bad_request("a header field is continued on another line"));
    }
    return state_ != state::failed;
}

// What Beast waits to see whole: the head, or in a chunked body a chunk's header or the trailers.
void request_parser::check_unusable(std::size_t unread_bytes) {
    if (!has_head_ && head_bytes_ + unread_bytes > limits_.head_bytes()) {
        fail(limits_.head_too_large());
    } else if (has_head_ && unread_bytes > limits_.head_bytes()) {
        fail(limits_.chunk_head_too_large());
    }
}

void request_parser::on_request_impl(http::verb verb, string_view, string_view target, int version,
                                     error_code&) {
    version_ = version;
    method_ = to_method(verb);
    route_ = find_route(routes_, path_of(target));
    if (route_ == no_route) {
        refuse(errors::not_found);
    } else if (!routes_[route_].allows(method_)) {
        refuse(errors::method_not_allowed);
    }
}

void request_parser::on_field_impl(http::field field, string_view, string_view value, error_code& ec) {
    if (has_head_) {
        return; // a trailer; none is understood, and none may change the framing (RFC 9110 section 6.5.1)
    }
    if (++fields_ > limits_.headers()) {
        fail(limits_.too_many_headers(), ec);
        return;
    }
    switch (field) {
    case http::field::host:
        ++hosts_;
        if (!is_host(value)) {
            fail(errors::bad_request("the Host header is not a host with an optional port"), ec);
        }
        break;
    case http::field::content_length:
        ++lengths_;
        if (value.empty() || value.find_first_not_of("0123456789") != string_view::npos) {
            fail(errors::bad_request("Content-Length is not a number"), ec); // Beast takes "5, 5"
        }
        break;
    case http::field::transfer_encoding:
        ++codings_;
        if (!boost::beast::iequals(trimmed(value), "chunked")) {
            fail(errors::transfer_coding, ec);
        }
        break;
    case http::field::expect:
        expects_continue_ = boost::beast::iequals(trimmed(value), "100-continue");
        if (!expects_continue_) {
            refuse(errors::expectation_failed);
        }
        break;
    case http::field::content_type:
        if (method_ == method::post && !is_json(value)) {
            refuse(errors::unsupported_media_type);
        }
        break;
    default:
        break;
    }
}

void request_parser::on_header_impl(error_code& ec) {
    has_head_ = true;
    if (hosts_ != 1 && (version_ >= 11 || hosts_ > 1)) {
        fail(errors::bad_request("exactly one Host header is needed"), ec);
    } else if (lengths_ + codings_ > 1) {
        fail(errors::bad_request("more than one Content-Length or Transfer-Encoding"), ec);
    } else if (codings_ > 0 && version_ < 11) {
        fail(errors::bad_request("Transfer-Encoding needs HTTP/1.1"), ec);
    }
    expects_continue_ = expects_continue_ && version_ >= 11 && lengths_ + codings_ > 0;
}

void request_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
    if (length) {
        body_.reserve(static_cast<std::size_t>(*length));
    }
}

std::size_t request_parser::on_body_impl(string_view part, error_code&) {
    body_.append(part.data(), part.size());
    return part.size();
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, string_view part, error_code& ec) {
    return on_body_impl(part, ec);
}

void request_parser::refuse(const http_error& why) {
    if (!error_) {
        error_ = why;
    }
}

void request_parser::fail(const http_error& why) {
    state_ = state::failed;
    error_ = why;
}

void request_parser::fail(const http_error& why, error_code& ec) {
    fail(why);
    ec = http::error::bad_value; // makes put() return at once
}

void request_parser::fail_from_beast(error_code code, std::string_view unread) {
    if (code == http::error::bad_version && has_other_version(unread)) {
        fail(errors::version_not_supported);
    } else if (code == http::error::header_limit) {
        fail(limits_.head_too_large());
    } else if (code == http::error::body_limit) {
        fail(limits_.body_too_large());
    } else {
        fail(from_parser(code));
    }
}

} // namespace beastmark::server
