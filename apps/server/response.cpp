#include "server/response.hpp"

#include "common/json.hpp"

#include <cstddef>

namespace beastmark::server {

namespace {

// Up to the date. What most answers begin with is one literal: appending piece by piece costs more than
// copying.
void append_start(std::string& out, http::status status) {
    switch (status) {
    case http::status::ok:
        out += "HTTP/1.1 200 OK\r\nServer: beastmark\r\nDate: ";
        return;
    case http::status::created:
        out += "HTTP/1.1 201 Created\r\nServer: beastmark\r\nDate: ";
        return;
    default:
        out += "HTTP/1.1 ";
        append_integer(out, static_cast<unsigned>(status));
        out += ' ';
        const auto reason = http::obsolete_reason(status);
        out.append(reason.data(), reason.size());
        out += "\r\nServer: beastmark\r\nDate: ";
    }
}

void append_content_type(std::string& out, std::string_view type) {
    if (type == json_type) {
        out += "\r\nContent-Type: application/json\r\nContent-Length: ";
    } else {
        out += "\r\nContent-Type: ";
        out += type;
        out += "\r\nContent-Length: ";
    }
}

std::string_view end_of_length(connection_header connection) {
    switch (connection) {
    case connection_header::close:
        return "\r\nConnection: close\r\n";
    case connection_header::keep_alive:
        return "\r\nConnection: keep-alive\r\n";
    default:
        return "\r\n";
    }
}

} // namespace

void date_header::update(std::time_t now) {
    if (now == second_) {
        return;
    }
    second_ = now;
    // Not strftime: its names follow the locale. IMF-fixdate is English and GMT.
    constexpr std::string_view days = "SunMonTueWedThuFriSat";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::tm utc{};
    gmtime_r(&now, &utc);
    const auto two_digits = [](char* at, int value) {
        at[0] = static_cast<char>('0' + value / 10 % 10);
        at[1] = static_cast<char>('0' + value % 10);
    };
    constexpr std::string_view pattern = "Sun, 00 Jan 0000 00:00:00 GMT";
    pattern.copy(text_.data(), pattern.size());
    days.copy(text_.data(), 3, static_cast<std::size_t>(utc.tm_wday) * 3);
    two_digits(text_.data() + 5, utc.tm_mday);
    months.copy(text_.data() + 8, 3, static_cast<std::size_t>(utc.tm_mon) * 3);
    two_digits(text_.data() + 12, (utc.tm_year + 1900) / 100);
    two_digits(text_.data() + 14, (utc.tm_year + 1900) % 100);
    two_digits(text_.data() + 17, utc.tm_hour);
    two_digits(text_.data() + 20, utc.tm_min);
    two_digits(text_.data() + 23, utc.tm_sec);
}

void append_response(std::string& out, const response& answer, std::string_view date,
                     connection_header connection, bool with_body) {
    append_start(out, answer.status);
    out += date;
    append_content_type(out, answer.content_type);
    append_integer(out, answer.body.size());
    out += end_of_length(connection);
    out += answer.extra_headers;
    out += "\r\n";
    if (with_body) {
        out += answer.body;
    }
}

void append_error_body(std::string& out, const http_error& error) {
    out += R"({"error":)";
    append_json_string(out, error.code);
    out += R"(,"detail":)";
    append_json_string(out, error.detail);
    out += '}';
}

} // namespace beastmark::server
