#include "server/response.hpp"

#include "common/json.hpp"

namespace beastmark::server {

namespace {

void append_status_line(std::string& out, http::status status) {
    if (status == http::status::ok) {
        out += "HTTP/1.1 200 OK\r\n";
        return;
    }
    if (status == http::status::created) {
        out += "HTTP/1.1 201 Created\r\n";
        return;
    }
    out += "HTTP/1.1 ";
    append_integer(out, static_cast<unsigned>(status));
    out += ' ';
    const auto reason = http::obsolete_reason(status);
    out.append(reason.data(), reason.size());
    out += "\r\n";
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
    append_status_line(out, answer.status);
    out += "Server: beastmark\r\nDate: ";
    out += date;
    out += "\r\nContent-Type: ";
    out += answer.content_type;
    out += "\r\nContent-Length: ";
    append_integer(out, answer.body.size());
    out += "\r\n";
    if (connection != connection_header::none) {
        out +=
            connection == connection_header::close ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
    }
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
