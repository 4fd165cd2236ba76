// Reads the Prometheus text exposition format 0.0.4. Sans-I/O: a page in, samples out.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

enum class metric_type { untyped, counter, gauge, histogram, summary };

using metric_labels =
    std::vector<std::pair<std::string, std::string>>; // in the page's order, values unescaped

struct metric_sample {
    std::string_view name; // of the page; a histogram's carries its suffix: _bucket, _sum, _count
    metric_labels labels;
    double value = 0;
};

struct metric_page {
    std::unordered_map<std::string_view, metric_type> types; // by family, of the page
    std::vector<metric_sample> samples;
    std::string error; // "line 3: ..." when the page is not of the format; what was read before it stays
};

/// Names are views into `text`: the page must not outlive it. Timestamps after a value are passed over.
metric_page parse_prometheus_text(std::string_view text);

} // namespace beastmark::loadgen
