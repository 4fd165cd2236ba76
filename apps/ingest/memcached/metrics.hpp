// What a memcached client counts: written by its core's thread, read by the admin thread.
#pragma once

#include "common/metrics.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace beastmark::memcached {

/// The `error_type` label of a set, indexed by `errc` (0: no error).
inline constexpr std::array<std::string_view, 6> error_types{"",           "refused",   "unavailable",
                                                             "overloaded", "timed_out", "lost"};

struct client_metrics {
    explicit client_metrics(std::span<const std::uint64_t> bounds_ns = bounds_from_10us())
        : set_duration{duration_histogram(bounds_ns), duration_histogram(bounds_ns),
                       duration_histogram(bounds_ns), duration_histogram(bounds_ns),
                       duration_histogram(bounds_ns), duration_histogram(bounds_ns)} {}

    /// From set to done, failures included; indexed as error_types.
    std::array<duration_histogram, error_types.size()> set_duration;
    /// The one connection's state: one of these is 1. `connecting` includes waiting to try again.
    gauge idle;
    gauge used;
    gauge connecting;
    /// Times the connection became usable again after having been lost.
    counter reconnects;

    void record(boost::system::error_code error, std::chrono::nanoseconds duration) noexcept {
        set_duration[static_cast<std::size_t>(error.value())].record(duration);
    }
};

} // namespace beastmark::memcached
