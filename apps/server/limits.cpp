#include "server/limits.hpp"

namespace beastmark::server {

namespace {

constexpr auto header_fields_too_large = http::status::request_header_fields_too_large;

} // namespace

request_limits::request_limits(std::size_t head_bytes, std::size_t headers, std::size_t body_bytes)
    : head_bytes_{head_bytes},
      headers_{headers},
      body_bytes_{body_bytes},
      head_text_{"the head is over the limit of " + std::to_string(head_bytes) + " bytes"},
      headers_text_{"the head has more header fields than the limit of " + std::to_string(headers)},
      body_text_{"the body is over the limit of " + std::to_string(body_bytes) + " bytes"},
      chunk_text_{"a chunk header or the trailers are over the limit of " + std::to_string(head_bytes) +
                  " bytes"} {}

http_error request_limits::head_too_large() const noexcept {
    return {header_fields_too_large, "header_too_large", head_text_, rejection::head_size};
}

http_error request_limits::too_many_headers() const noexcept {
    return {header_fields_too_large, "too_many_headers", headers_text_, rejection::header_count};
}

http_error request_limits::body_too_large() const noexcept {
    return {http::status::payload_too_large, "content_too_large", body_text_, rejection::body_size};
}

http_error request_limits::chunk_head_too_large() const noexcept {
    auto refusal = errors::bad_request(chunk_text_);
    refusal.counted_as = rejection::head_size;
    return refusal;
}

} // namespace beastmark::server
