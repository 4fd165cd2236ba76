// What both backends count: the operations by how they ended, the connections by state.
#pragma once

#include "common/metrics.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>

namespace beastmark::ingest {

/// Written by its core's thread, read by the admin thread.
struct operation_metrics {
    /// No error, and the five errors that each backend tells apart.
    static constexpr std::size_t endings = 6;

    /// From the call to its completion, failures included; by the value of the error, 0: none.
    std::array<duration_histogram, endings> duration{histogram(), histogram(), histogram(),
                                                     histogram(), histogram(), histogram()};
    /// Connections by state; their sum is the pool's size. `connecting` includes those waiting to try again.
    gauge idle;
    gauge used;
    gauge connecting;
    /// Connections that became usable again after having been lost.
    counter reconnects;

    void record(boost::system::error_code error, std::chrono::nanoseconds took) noexcept {
        duration[static_cast<std::size_t>(error.value())].record(took);
    }

protected:
    static duration_histogram histogram() { return duration_histogram{bounds_from_10us()}; }
};

} // namespace beastmark::ingest
