// Building the metric families that prometheus-cpp's serializer takes, for collectors that sum counters at
// scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark {

using metric_label = std::pair<std::string_view, std::string_view>;
using metric_labels = std::vector<metric_label>;

/// A family without members. `help` must not hold a line break: prometheus-cpp 1.0 does not escape it.
prometheus::MetricFamily make_family(std::string name, std::string help, prometheus::MetricType type);

/// Appends a member with these labels and returns it, to be given its value.
prometheus::ClientMetric& add_metric(prometheus::MetricFamily& family, const metric_labels& labels = {});

/// A family of one counter or gauge without labels.
prometheus::MetricFamily single_counter(std::string name, std::string help, double value);
prometheus::MetricFamily single_gauge(std::string name, std::string help, double value);

} // namespace beastmark
