#include "loadgen/http2/http2_error.hpp"

#include "common/error_category.hpp"

#include <algorithm>
#include <array>

#include <nghttp2/nghttp2.h>

namespace beastmark::loadgen {
namespace {

// Values: below 0 libnghttp2's; above it a frame's code behind what it came with.
constexpr int of_reset = 1000;
constexpr int of_going_away = 2000;
constexpr int of_malformed = 3000;
constexpr int kind_size = 1000;

struct words {
    const char* reset;
    const char* going_away;
    const char* malformed;
};

// RFC 9113 section 7, by code.
constexpr std::array<words, 14> texts{{
    {"RST_STREAM NO_ERROR", "GOAWAY NO_ERROR", "a malformed answer"},
    {"RST_STREAM PROTOCOL_ERROR", "GOAWAY PROTOCOL_ERROR", "a malformed answer (PROTOCOL_ERROR)"},
    {"RST_STREAM INTERNAL_ERROR", "GOAWAY INTERNAL_ERROR", "a malformed answer (INTERNAL_ERROR)"},
    {"RST_STREAM FLOW_CONTROL_ERROR", "GOAWAY FLOW_CONTROL_ERROR", "a malformed answer (FLOW_CONTROL_ERROR)"},
    {"RST_STREAM SETTINGS_TIMEOUT", "GOAWAY SETTINGS_TIMEOUT", "a malformed answer (SETTINGS_TIMEOUT)"},
    {"RST_STREAM STREAM_CLOSED", "GOAWAY STREAM_CLOSED", "a malformed answer (STREAM_CLOSED)"},
    {"RST_STREAM FRAME_SIZE_ERROR", "GOAWAY FRAME_SIZE_ERROR", "a malformed answer (FRAME_SIZE_ERROR)"},
    {"RST_STREAM REFUSED_STREAM", "GOAWAY REFUSED_STREAM", "a malformed answer (REFUSED_STREAM)"},
    {"RST_STREAM CANCEL", "GOAWAY CANCEL", "a malformed answer (CANCEL)"},
    {"RST_STREAM COMPRESSION_ERROR", "GOAWAY COMPRESSION_ERROR", "a malformed answer (COMPRESSION_ERROR)"},
    {"RST_STREAM CONNECT_ERROR", "GOAWAY CONNECT_ERROR", "a malformed answer (CONNECT_ERROR)"},
    {"RST_STREAM ENHANCE_YOUR_CALM", "GOAWAY ENHANCE_YOUR_CALM", "a malformed answer (ENHANCE_YOUR_CALM)"},
    {"RST_STREAM INADEQUATE_SECURITY", "GOAWAY INADEQUATE_SECURITY",
     "a malformed answer (INADEQUATE_SECURITY)"},
    {"RST_STREAM HTTP_1_1_REQUIRED", "GOAWAY HTTP_1_1_REQUIRED", "a malformed answer (HTTP_1_1_REQUIRED)"},
}};

const char* text_of(int value) {
    if (value < 0)
        return nghttp2_strerror(value);
    switch (static_cast<http2_errc>(value)) {
    case http2_errc::not_taken:
        return "not taken, the server was going away (GOAWAY)";
    case http2_errc::sent_again:
        return "not taken, the server was going away (GOAWAY): sent again";
    case http2_errc::not_sent:
        return "not sent: libnghttp2 refused the request";
    case http2_errc::not_chosen:
        return "the server did not choose HTTP/2 (ALPN): leave out --http2";
    case http2_errc::answers_http1:
        return "the server answers with HTTP/1, it takes no HTTP/2 without TLS: leave out --http2";
    case http2_errc::connection_over:
        return "the server broke the rules of HTTP/2";
    }
    const auto code = static_cast<std::size_t>(value % kind_size);
    const bool known = code < texts.size();
    if (value >= of_malformed)
        return known ? texts[code].malformed : texts[0].malformed;
    if (value >= of_going_away)
        return known ? texts[code].going_away : "GOAWAY with a code that has no name";
    return known ? texts[code].reset : "RST_STREAM with a code that has no name";
}

boost::system::error_code of_kind(int kind, std::uint32_t code) noexcept {
    const auto bounded = std::min<std::uint32_t>(code, kind_size - 1); // whatever it is, it has no name
    return {kind + static_cast<int>(bounded), http2_category()};
}

} // namespace

const boost::system::error_category& http2_category() noexcept {
    static constexpr described_category category("http2", text_of);
    return category;
}

boost::system::error_code stream_reset(std::uint32_t code) noexcept {
    return of_kind(of_reset, code);
}

boost::system::error_code going_away(std::uint32_t code) noexcept {
    return of_kind(of_going_away, code);
}

boost::system::error_code malformed(std::uint32_t code) noexcept {
    return of_kind(of_malformed, code);
}

boost::system::error_code nghttp2_failure(int returned) noexcept {
    return {returned, http2_category()};
}

boost::system::error_code make_error_code(http2_errc what) noexcept {
    return {static_cast<int>(what), http2_category()};
}

} // namespace beastmark::loadgen
