// Answers as bytes: appended to one reused buffer, no message object and no serializer.
//
// No message object of Beast's: to make, fill and serialize one costs a small answer dearly
// (`./bench perf server --ablation` shows it).
#pragma once

#include "server/http_error.hpp"

#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace beastmark::server {

/// The value of the Date header (RFC 9110 section 6.6.1), formatted again only when the second changes.
class date_header {
public:
    date_header() { update(std::time(nullptr)); }

    void update(std::time_t now);

    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

private:
    std::array<char, 29> text_{}; // "Sun, 06 Nov 1994 08:49:37 GMT"
    std::time_t second_ = -1;
};

inline constexpr std::string_view json_type = "application/json";

/// An answer without its date.
struct response {
    http::status status = http::status::ok;
    std::string_view body;
    std::string_view content_type = json_type;
    /// Whole lines, each ended by CRLF.
    std::string_view extra_headers = {};
};

/// What the answer says about the connection. HTTP/1.1 keeps it unless told otherwise, HTTP/1.0 closes it
/// unless told.
enum class connection_header : std::uint8_t { none, keep_alive, close };

/// Appends the answer. `with_body` is false for HEAD: the head is as if the body followed.
void append_response(std::string& out, const response& answer, std::string_view date,
                     connection_header connection, bool with_body);

/// Appends the JSON of an error.
void append_error_body(std::string& out, const http_error& error);

inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

} // namespace beastmark::server
