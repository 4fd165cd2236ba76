// What a pool counts: written by its core's thread, read by the admin thread.
#pragma once

#include "common/metrics.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace beastmark::postgres {

/// The `error_type` label of an insert, indexed by `errc` (0: no error).
inline constexpr std::array<std::string_view, 6> error_types{"",           "refused",         "unavailable",
                                                             "overloaded", "outcome_unknown", "timed_out"};

struct pool_metrics {
    explicit pool_metrics(std::span<const std::uint64_t> bounds_ns = bounds_from_10us())
        : insert_duration{duration_histogram(bounds_ns), duration_histogram(bounds_ns),
                          duration_histogram(bounds_ns), duration_histogram(bounds_ns),
                          duration_histogram(bounds_ns), duration_histogram(bounds_ns)},
          wait_time(bounds_ns) {}

    /// From submit to done, failures included; indexed as error_types.
    std::array<duration_histogram, error_types.size()> insert_duration;
    /// From submit until the statement was handed to a connection (0 when one was free).
    duration_histogram wait_time;
    /// Connections by state; their sum is the pool's size. `connecting` includes those waiting to try again.
    gauge idle;
    gauge used;
    gauge connecting;
    /// Requests waiting for a connection.
    gauge queued;
    /// Connections that became usable again after having been lost.
    counter reconnects;

    void record(boost::system::error_code error, std::chrono::nanoseconds duration) noexcept {
        insert_duration[static_cast<std::size_t>(error.value())].record(duration);
    }
};

} // namespace beastmark::postgres
