#include "server/server_metrics.hpp"

#include "common/prometheus_family.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace beastmark::server {

namespace {

using boost::beast::http::status;

// Every status the engine and the handlers answer with.
constexpr std::array statuses{status::ok,
                              status::created,
                              status::bad_request,
                              status::not_found,
                              status::method_not_allowed,
                              status::request_timeout,
                              status::payload_too_large,
                              status::unsupported_media_type,
                              status::expectation_failed,
                              status::request_header_fields_too_large,
                              status::internal_server_error,
                              status::not_implemented,
                              status::service_unavailable,
                              status::gateway_timeout,
                              status::http_version_not_supported};

std::size_t status_index(status which) {
    const auto found = std::ranges::find(statuses, which);
    assert(found != statuses.end()); // add it to the list
    const auto counted =
        found != statuses.end() ? found : std::ranges::find(statuses, status::internal_server_error);
    return static_cast<std::size_t>(counted - statuses.begin());
}

// Series that are shown before anything was counted: what a client can bring about by a plain mistake or by
// load.
bool shown_at_zero(method requested, const route* where, status answer) {
    if (where == nullptr) {
        // A request that failed before its route was known counts as _OTHER.
        return answer == status::not_found ||
               (requested == method::other &&
                (answer == status::bad_request || answer == status::request_timeout ||
                 answer == status::request_header_fields_too_large ||
                 answer == status::http_version_not_supported));
    }
    if (!where->allows(requested)) {
        return answer == status::method_not_allowed;
    }
    switch (answer) {
    case status::bad_request:
    case status::request_timeout:
    case status::payload_too_large:
    case status::expectation_failed:
    case status::request_header_fields_too_large:
    case status::not_implemented:
        return where->fixed_answer.empty();
    case status::ok:
        return where->takes == method::get;
    case status::created:
    case status::unsupported_media_type:
    case status::internal_server_error:
    case status::service_unavailable:
    case status::gateway_timeout:
        return where->takes == method::post;
    default:
        return false;
    }
}

} // namespace

core_metrics::core_metrics(const route_table& routes)
    : routes_{routes}, durations_(method_count * (routes.size() + 1) * statuses.size()) {}

std::size_t core_metrics::index(method requested, std::size_t route, std::size_t status) const {
    const std::size_t row = std::min(route, routes_.size()); // no_route comes last
    return (static_cast<std::size_t>(requested) * (routes_.size() + 1) + row) * statuses.size() + status;
}

void core_metrics::record(method requested, std::size_t route, status status, std::chrono::nanoseconds took) {
    durations_[index(requested, route, status_index(status))].record(took);
}

const duration_histogram& core_metrics::series(method requested, std::size_t route,
                                               std::size_t status) const {
    return durations_[index(requested, route, status)];
}

server_collector::server_collector(const route_table& routes, std::vector<const core_metrics*> cores)
    : routes_{routes}, cores_{std::move(cores)} {}

prometheus::MetricFamily server_collector::durations() const {
    auto family =
        make_family("http_server_request_duration_seconds", "From the first byte of a request to its answer.",
                    prometheus::MetricType::Histogram);
    for (std::size_t m = 0; m < method_count; ++m) {
        for (std::size_t r = 0; r <= routes_.size(); ++r) {
            const route* const where = r < routes_.size() ? &routes_[r] : nullptr;
            for (std::size_t s = 0; s < statuses.size(); ++s) {
                const auto requested = static_cast<method>(m);
                prometheus::ClientMetric::Histogram sum;
                for (const core_metrics* const core : cores_) {
                    core->series(requested, r, s).add_to(sum);
                }
                if (sum.sample_count == 0 && !shown_at_zero(requested, where, statuses[s])) {
                    continue;
                }
                add_metric(family,
                           {{"http_request_method", to_label(requested)},
                            {"http_route", where != nullptr ? where->path : std::string_view{}},
                            {"http_response_status_code", std::to_string(static_cast<unsigned>(statuses[s]))},
                            {"url_scheme", "http"}})
                    .histogram = std::move(sum);
            }
        }
    }
    return family;
}

std::vector<prometheus::MetricFamily> server_collector::Collect() const {
    std::vector<prometheus::MetricFamily> families;
    families.push_back(durations());

    auto active = make_family("http_server_active_requests", "Requests received and not yet answered.",
                              prometheus::MetricType::Gauge);
    auto connections =
        make_family("beastmark_connections", "Open connections by core.", prometheus::MetricType::Gauge);
    auto& active_sum = add_metric(active).gauge.value;
    for (std::size_t i = 0; i < cores_.size(); ++i) {
        active_sum += static_cast<double>(cores_[i]->active_requests.value());
        add_metric(connections, {{"core", std::to_string(i)}}).gauge.value =
            static_cast<double>(cores_[i]->connections.value());
    }
    families.push_back(std::move(active));
    families.push_back(std::move(connections));

    auto rejected =
        make_family("beastmark_rejected_total", "Requests and connections turned away, by reason.",
                    prometheus::MetricType::Counter);
    for (std::size_t i = 0; i < rejection_count; ++i) {
        auto& total = add_metric(rejected, {{"reason", rejection_labels[i]}}).counter.value;
        for (const core_metrics* const core : cores_) {
            total += static_cast<double>(core->rejections_[i].value());
        }
    }
    families.push_back(std::move(rejected));
    return families;
}

} // namespace beastmark::server
