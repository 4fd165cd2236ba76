// The error answers of the contract (docs/design.md section 2).
#pragma once

#include "server/rejection.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/system/error_code.hpp>

#include <optional>
#include <string_view>

namespace beastmark::server {

namespace http = boost::beast::http;

/// What a request is refused with. Nothing from the request is sent back.
struct http_error {
    http::status status;
    std::string_view code;
    std::string_view detail; ///< what, where, and the limit
    std::optional<rejection> counted_as = {};
};

namespace errors {

inline constexpr http_error not_found{http::status::not_found, "not_found", "no resource has this path"};
inline constexpr http_error method_not_allowed{
    http::status::method_not_allowed, "method_not_allowed",
    "the resource does not take this method; the Allow header lists those it takes"};
inline constexpr http_error head_timeout{http::status::request_timeout, "request_timeout",
                                         "the head was not complete in time", rejection::head_timeout};
inline constexpr http_error body_timeout{http::status::request_timeout, "request_timeout",
                                         "the body was not complete in time", rejection::body_timeout};
inline constexpr http_error overload{http::status::service_unavailable, "overloaded",
                                     "more requests come than can be answered in time", rejection::overload};
inline constexpr http_error unsupported_media_type{
    http::status::unsupported_media_type, "unsupported_media_type", "Content-Type must be application/json"};
inline constexpr http_error expectation_failed{http::status::expectation_failed, "expectation_failed",
                                               "the only expectation met is 100-continue"};
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

/// The answer to a request that Beast's parser refused with `code`, which is not one of its limits.
http_error from_parser(boost::system::error_code code);

} // namespace beastmark::server
