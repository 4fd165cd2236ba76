#include "ingest/ingest_metrics.hpp"

#include "common/prometheus_family.hpp"

#include <algorithm>

namespace beastmark::ingest {

namespace {

using prometheus::MetricType;

constexpr std::string_view postgres_name = "postgresql";
constexpr std::string_view memcached_name = "memcached";
constexpr std::string_view pool_label = "db_client_connection_pool_name";
constexpr std::string_view state_label = "db_client_connection_state";

using backends = std::vector<std::unique_ptr<backend_metrics>>;

// Sums one gauge or counter, picked by `pick`, over the cores.
template <class Pick>
double sum_of(const backends& cores, Pick pick) {
    double sum = 0;
    for (const auto& core : cores) {
        sum += static_cast<double>(pick(*core).value());
    }
    return sum;
}

template <class Pick>
prometheus::ClientMetric::Histogram histogram_of(const backends& cores, Pick pick) {
    prometheus::ClientMetric::Histogram sum;
    for (const auto& core : cores) {
        pick(*core).add_to(sum);
    }
    return sum;
}

} // namespace

ingest_collector::ingest_collector(std::size_t cores, std::size_t postgres_connections)
    : postgres_connections_{postgres_connections} {
    for (std::size_t i = 0; i < cores; ++i) {
        cores_.push_back(std::make_unique<backend_metrics>());
    }
}

std::vector<prometheus::MetricFamily> ingest_collector::Collect() const {
    return {operations(), connections(), connection_maximum(), pending_requests(),
            wait_time(),  group_rows(),  reconnects(),         refusals()};
}

std::size_t ingest_collector::connected() const {
    std::int64_t sum = 0;
    for (const auto& core : cores_) {
        sum += core->postgres.idle.value() + core->postgres.used.value();
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0)); // a core may be between two updates
}

std::uint64_t ingest_collector::refused() const {
    std::uint64_t sum = 0;
    for (const auto& core : cores_) {
        sum += core->postgres.refused.value();
    }
    return sum;
}

prometheus::MetricFamily ingest_collector::operations() const {
    auto family = make_family("db_client_operation_duration_seconds",
                              "Inserts and cache sets, failures included.", MetricType::Histogram);
    const auto add = [&](std::string_view system, std::string_view operation, std::string_view error,
                         auto pick) {
        add_metric(family,
                   {{"db_system_name", system}, {"db_operation_name", operation}, {"error_type", error}})
            .histogram = histogram_of(cores_, pick);
    };
    for (std::size_t i = 0; i < postgres::error_types.size(); ++i) {
        add(postgres_name, "INSERT", postgres::error_types[i],
            [i](auto& core) -> auto& { return core.postgres.duration[i]; });
    }
    for (std::size_t i = 0; i < memcached::error_types.size(); ++i) {
        add(memcached_name, "set", memcached::error_types[i],
            [i](auto& core) -> auto& { return core.memcached.duration[i]; });
    }
    return family;
}

prometheus::MetricFamily ingest_collector::connections() const {
    auto family = make_family("db_client_connection_count", "Connections by state.", MetricType::Gauge);
    const auto add = [&](std::string_view pool, std::string_view state, auto pick) {
        add_metric(family, {{pool_label, pool}, {state_label, state}}).gauge.value = sum_of(cores_, pick);
    };
    const auto add_pool = [&](std::string_view pool, auto of) {
        add(pool, "idle", [of](auto& core) -> auto& { return of(core).idle; });
        add(pool, "used", [of](auto& core) -> auto& { return of(core).used; });
        add(pool, "connecting", [of](auto& core) -> auto& { return of(core).connecting; });
    };
    add_pool(postgres_name, [](auto& core) -> auto& { return core.postgres; });
    add_pool(memcached_name, [](auto& core) -> auto& { return core.memcached; });
    return family;
}

prometheus::MetricFamily ingest_collector::connection_maximum() const {
    auto family =
        make_family("db_client_connection_max", "Connections that a pool may open.", MetricType::Gauge);
    add_metric(family, {{pool_label, postgres_name}}).gauge.value =
        static_cast<double>(postgres_connections_);
    add_metric(family, {{pool_label, memcached_name}}).gauge.value = static_cast<double>(cores_.size());
    return family;
}

prometheus::MetricFamily ingest_collector::pending_requests() const {
    auto family = make_family("db_client_connection_pending_requests", "Requests that wait for a connection.",
                              MetricType::Gauge);
    add_metric(family, {{pool_label, postgres_name}}).gauge.value =
        sum_of(cores_, [](auto& core) -> auto& { return core.postgres.queued; });
    return family;
}

prometheus::MetricFamily ingest_collector::wait_time() const {
    auto family = make_family("db_client_connection_wait_time_seconds",
                              "From a request for a connection until it had one.", MetricType::Histogram);
    add_metric(family, {{pool_label, postgres_name}}).histogram =
        histogram_of(cores_, [](auto& core) -> auto& { return core.postgres.wait_time; });
    return family;
}

prometheus::MetricFamily ingest_collector::group_rows() const {
    auto family = make_family("beastmark_group_rows", "Rows of a statement, where many may make one.",
                              MetricType::Histogram);
    add_metric(family, {}).histogram =
        histogram_of(cores_, [](auto& core) -> auto& { return core.postgres.group_rows; });
    return family;
}

prometheus::MetricFamily ingest_collector::reconnects() const {
    auto family = make_family("beastmark_reconnects_total", "Connections usable again after a loss.",
                              MetricType::Counter);
    add_metric(family, {{pool_label, postgres_name}}).counter.value =
        sum_of(cores_, [](auto& core) -> auto& { return core.postgres.reconnects; });
    add_metric(family, {{pool_label, memcached_name}}).counter.value =
        sum_of(cores_, [](auto& core) -> auto& { return core.memcached.reconnects; });
    return family;
}

prometheus::MetricFamily ingest_collector::refusals() const {
    auto family = make_family("beastmark_connections_refused_total",
                              "Attempts to connect that the server had no room for.", MetricType::Counter);
    add_metric(family, {{pool_label, postgres_name}}).counter.value = static_cast<double>(refused());
    return family;
}

} // namespace beastmark::ingest
