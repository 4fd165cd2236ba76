// What ends an HTTP/2 stream or connection, as an error_code.
#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>

namespace beastmark::loadgen {

/// Of codes whose texts are "RST_STREAM CANCEL", "GOAWAY ENHANCE_YOUR_CALM" (names of RFC 9113 section 7) or
/// what libnghttp2 says (nghttp2_strerror()).
const boost::system::error_category& http2_category() noexcept;

/// The server reset a stream. @param code of RFC 9113 section 7
boost::system::error_code stream_reset(std::uint32_t code) noexcept;

/// The server is going away, and says why.
boost::system::error_code going_away(std::uint32_t code) noexcept;

/// What libnghttp2 returned, below 0.
boost::system::error_code nghttp2_failure(int returned) noexcept;

/// What came breaks the rules of the stream: libnghttp2 reset it with this code.
boost::system::error_code malformed(std::uint32_t code) noexcept;

enum class http2_errc {
    not_taken = 1,  // the server went away without having looked at the request
    sent_again,     // that, and it was sent once more
    not_sent,       // libnghttp2 took the request and did not send it
    not_chosen,     // the server did not choose "h2" (RFC 9113 section 3.2)
    answers_http1,  // the server took our preface for HTTP/1
    connection_over // libnghttp2 gave up the connection
};

boost::system::error_code make_error_code(http2_errc what) noexcept;

} // namespace beastmark::loadgen

template <>
struct boost::system::is_error_code_enum<beastmark::loadgen::http2_errc> : std::true_type {};
