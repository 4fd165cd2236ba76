#include "common/prometheus_family.hpp"

namespace beastmark {

prometheus::MetricFamily make_family(std::string name, std::string help, prometheus::MetricType type) {
    prometheus::MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    return family;
}

prometheus::ClientMetric& add_metric(prometheus::MetricFamily& family, const metric_labels& labels) {
    auto& metric = family.metric.emplace_back();
    for (const auto& [name, value] : labels) {
        metric.label.push_back({std::string{name}, std::string{value}});
    }
    return metric;
}

prometheus::MetricFamily single_counter(std::string name, std::string help, double value) {
    auto family = make_family(std::move(name), std::move(help), prometheus::MetricType::Counter);
    add_metric(family).counter.value = value;
    return family;
}

prometheus::MetricFamily single_gauge(std::string name, std::string help, double value) {
    auto family = make_family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
    add_metric(family).gauge.value = value;
    return family;
}

} // namespace beastmark
