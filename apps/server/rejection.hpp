// Why a request or a connection was turned away: each bound has a reason, and each reason a counter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace beastmark::server {

enum class rejection : std::uint8_t {
    overload,         ///< too many requests in progress, or one that waited too long: 503
    unavailable,      ///< what the handler depends on is away: 503
    head_size,        ///< 431; of a chunk's header or the trailers: 400
    header_count,     ///< 431
    body_size,        ///< 413
    head_timeout,     ///< 408
    body_timeout,     ///< 408
    idle_timeout,     ///< closed
    write_timeout,    ///< cut off: the client does not take its answer
    request_count,    ///< a connection's last request was answered with Connection: close
    connection_count, ///< accepting stopped for a while: the core was full
    descriptors       ///< accepting stopped for a while: no descriptor or memory was left
};

/// The values of the label `reason`, in the order above.
inline constexpr std::array<std::string_view, 12> rejection_labels{
    "overload",     "unavailable",  "head_size",     "header_count",  "body_size",        "head_timeout",
    "body_timeout", "idle_timeout", "write_timeout", "request_count", "connection_count", "descriptors"};

inline constexpr std::size_t rejection_count = rejection_labels.size();

} // namespace beastmark::server
