// What a core counts about HTTP, and how the cores' counts become Prometheus families.
#pragma once

#include "common/metrics.hpp"
#include "server/rejection.hpp"
#include "server/routes.hpp"

#include <boost/beast/http/status.hpp>
#include <prometheus/collectable.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

namespace beastmark::server {

/// The counters of one core: written by its thread, read by the admin thread.
class core_metrics {
public:
    /// @param routes outlives this object.
    explicit core_metrics(const route_table& routes);

    /// Counts an answered request. @param route index, or no_route.
    void record(method requested, std::size_t route, boost::beast::http::status status,
                std::chrono::nanoseconds took);

    void reject(rejection why) { rejections_[static_cast<std::size_t>(why)].add(); }

    gauge active_requests;
    gauge connections;

private:
    friend class server_collector;

    // A series exists from the start when a client can bring it about; others (a status no code path gives)
    // never do.
    [[nodiscard]] const duration_histogram& series(method requested, std::size_t route,
                                                   std::size_t status) const;
    [[nodiscard]] std::size_t index(method requested, std::size_t route, std::size_t status) const;

    const route_table& routes_;
    std::vector<duration_histogram> durations_;
    std::array<counter, rejection_count> rejections_;
};

/// Sums the cores' counters when scraped.
class server_collector : public prometheus::Collectable {
public:
    server_collector(const route_table& routes, std::vector<const core_metrics*> cores);

    std::vector<prometheus::MetricFamily> Collect() const override; // NOLINT(readability-identifier-naming)

private:
    [[nodiscard]] prometheus::MetricFamily durations() const;

    const route_table& routes_;
    std::vector<const core_metrics*> cores_;
};

} // namespace beastmark::server
