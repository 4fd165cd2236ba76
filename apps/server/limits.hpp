// The bounds of a service, each one a flag.
#pragma once

#include "server/http_error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace beastmark::server {

/// What a request may be, and the refusals that name these bounds.
class request_limits {
public:
    static constexpr std::size_t default_head_bytes = 8 * 1024;
    static constexpr std::size_t default_headers = 100;
    static constexpr std::size_t default_body_bytes = 16 * 1024;

    explicit request_limits(std::size_t head_bytes = default_head_bytes,
                            std::size_t headers = default_headers,
                            std::size_t body_bytes = default_body_bytes);

    /// Request line and header fields, the empty line included.
    [[nodiscard]] std::size_t head_bytes() const noexcept { return head_bytes_; }

    [[nodiscard]] std::size_t headers() const noexcept { return headers_; }

    /// Content: without what chunks add.
    [[nodiscard]] std::size_t body_bytes() const noexcept { return body_bytes_; }

    /// Their texts live as long as this object.
    [[nodiscard]] http_error head_too_large() const noexcept;
    [[nodiscard]] http_error too_many_headers() const noexcept;
    [[nodiscard]] http_error body_too_large() const noexcept;
    [[nodiscard]] http_error chunk_head_too_large() const noexcept;

private:
    std::size_t head_bytes_;
    std::size_t headers_;
    std::size_t body_bytes_;
    std::string head_text_;
    std::string headers_text_;
    std::string body_text_;
    std::string chunk_text_;
};

/// What a connection may do, and how much a core takes on.
struct connection_limits {
    std::uint64_t requests = 0;   ///< of one connection; 0: any number
    std::size_t pipelined = 64;   ///< requests answered in one batch before the answers are sent
    std::size_t in_flight = 4096; ///< requests of one core that wait for their answer
    std::chrono::nanoseconds queue_time =
        std::chrono::milliseconds{500}; ///< of a request, before it is looked at
};

} // namespace beastmark::server
