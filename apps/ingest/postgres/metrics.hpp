// What a pool counts.
#pragma once

#include "ingest/operation_metrics.hpp"

#include <array>
#include <string_view>

namespace beastmark::postgres {

/// The `error_type` label of an insert, indexed by `errc` (0: no error).
inline constexpr std::array<std::string_view, ingest::operation_metrics::endings> error_types{
    "", "refused", "unavailable", "overloaded", "outcome_unknown", "timed_out"};

struct pool_metrics : ingest::operation_metrics {
    /// From submit until the statement was handed to a connection (0 when one was free).
    duration_histogram wait_time = histogram();
    /// Requests waiting for a connection.
    gauge queued;
    /// Rows of each statement sent, where many may make one.
    size_histogram group_rows;
    /// Attempts to connect that the server had no room for (SQLSTATE 53300).
    counter refused;
};

} // namespace beastmark::postgres
