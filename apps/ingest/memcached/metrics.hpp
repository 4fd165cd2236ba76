// What a memcached client counts.
#pragma once

#include "ingest/operation_metrics.hpp"

#include <array>
#include <string_view>

namespace beastmark::memcached {

/// The `error_type` label of a set, indexed by `errc` (0: no error).
inline constexpr std::array<std::string_view, ingest::operation_metrics::endings> error_types{
    "", "refused", "unavailable", "overloaded", "timed_out", "lost"};

/// An asynchronous client has one connection, each worker of the blocking driver one too.
using client_metrics = ingest::operation_metrics;

} // namespace beastmark::memcached
