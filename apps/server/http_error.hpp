// The error answers of the contract (docs/design.md section 2).
#pragma once

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/system/error_code.hpp>

#include <string_view>

namespace beastmark::server {

namespace http = boost::beast::http;

/// What a request is refused with. The texts are literals: nothing from the request is sent back.
struct http_error {
    http::status status;
    std::string_view code;
    std::string_view detail; ///< what, where, and the limit
};

inline constexpr std::size_t head_limit_bytes = 8 * 1024;
inline constexpr std::size_t body_limit_bytes = 16 * 1024;

namespace errors {

inline constexpr http_error not_found{http::status::not_found, "not_found", "no resource has this path"};
inline constexpr http_error method_not_allowed{
    http::status::method_not_allowed, "method_not_allowed",
    "the resource does not take this method; the Allow header lists those it takes"};
inline constexpr http_error request_timeout{http::status::request_timeout, "request_timeout",
                                            "the request was not complete in time"};
inline constexpr http_error content_too_large{http::status::payload_too_large, "content_too_large",
                                              "the body is over the limit of 16384 bytes"};
inline constexpr http_error unsupported_media_type{
    http::status::unsupported_media_type, "unsupported_media_type", "Content-Type must be application/json"};
inline constexpr http_error expectation_failed{http::status::expectation_failed, "expectation_failed",
                                               "the only expectation met is 100-continue"};
inline constexpr http_error header_too_large{http::status::request_header_fields_too_large,
                                             "header_too_large", "the head is over the limit of 8192 bytes"};
inline constexpr http_error transfer_coding{http::status::not_implemented, "transfer_coding_not_implemented",
                                            "the only transfer coding understood is chunked"};
inline constexpr http_error version_not_supported{http::status::http_version_not_supported,
                                                  "version_not_supported",
                                                  "HTTP/1.0 and HTTP/1.1 are understood"};

/// A 400 with what is wrong.
constexpr http_error bad_request(std::string_view detail) {
    return {http::status::bad_request, "bad_request", detail};
}

} // namespace errors

/// The answer to a request that Beast's parser refused with `code`.
http_error from_parser(boost::system::error_code code);

} // namespace beastmark::server
