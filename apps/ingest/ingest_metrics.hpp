// The counters of the write path, by core, and how they become Prometheus families.
#pragma once

#include "ingest/memcached/metrics.hpp"
#include "ingest/postgres/metrics.hpp"

#include <prometheus/collectable.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace beastmark::ingest {

/// What one core counts about its backends.
struct backend_metrics {
    postgres::pool_metrics postgres;
    memcached::client_metrics memcached;
};

/// Owns the counters of all cores and sums them when scraped.
class ingest_collector : public prometheus::Collectable {
public:
    /// @param postgres_connections of all cores together.
    ingest_collector(std::size_t cores, std::size_t postgres_connections);

    /// The counters of one core: its thread writes them.
    backend_metrics& of_core(std::size_t index) { return *cores_[index]; }

    /// PostgreSQL connections that are up, of all cores. From any thread.
    [[nodiscard]] std::size_t connected() const;
    /// Attempts to make one that the server had no room for.
    [[nodiscard]] std::uint64_t refused() const;

    std::vector<prometheus::MetricFamily> Collect() const override; // NOLINT(readability-identifier-naming)

private:
    [[nodiscard]] prometheus::MetricFamily operations() const;
    [[nodiscard]] prometheus::MetricFamily connections() const;
    [[nodiscard]] prometheus::MetricFamily connection_maximum() const;
    [[nodiscard]] prometheus::MetricFamily pending_requests() const;
    [[nodiscard]] prometheus::MetricFamily wait_time() const;
    [[nodiscard]] prometheus::MetricFamily group_rows() const;
    [[nodiscard]] prometheus::MetricFamily reconnects() const;
    [[nodiscard]] prometheus::MetricFamily refusals() const;

    std::vector<std::unique_ptr<backend_metrics>> cores_;
    std::size_t postgres_connections_;
};

} // namespace beastmark::ingest
