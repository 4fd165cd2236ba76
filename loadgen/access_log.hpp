// A line of an access log as a request and its time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace beastmark::loadgen {

struct logged_request {
    std::chrono::nanoseconds at{}; // since 1970, UTC
    bool whole_second = false;     // the log knows no better
    std::string method;
    std::string path; // and query
    std::string body;
};

/// Why a line is none, for a message.
struct not_a_request {
    std::string_view why;
};

/// Reads a line of
///
/// - the Common or Combined Log Format of Apache and nginx; with nginx's $msec as first word its fractions of
///   a second count;
/// - or JSON: {"ts": seconds since 1970 or "2026-01-31T10:00:00.25Z", "method": "GET", "path": "/x"}, with
///   "body", a text. Without a method it is a GET, with a body a POST.
std::variant<logged_request, not_a_request> read_log_line(std::string_view line);

} // namespace beastmark::loadgen
