// What a service says about itself: Prometheus' text format, read strictly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

using metric_labels = std::map<std::string, std::string>;

struct metric_sample {
    std::string name;
    metric_labels labels;
    double value = 0;
};

/// One scrape, taken apart.
class metrics {
public:
    /// Throws std::runtime_error on a line that is not of the format.
    static metrics parse(std::string_view text);
    /// GET /metrics. Throws as above, and when the answer is not 200 text/plain.
    static metrics scrape(std::uint16_t port);

    const std::vector<metric_sample>& samples() const noexcept { return samples_; }

    /// family -> "counter", "gauge", "histogram", ... of the TYPE lines
    const std::map<std::string, std::string>& types() const noexcept { return types_; }

    /// The series of that name whose labels include all of `labels`; nothing when there is none.
    std::vector<metric_sample> find(std::string_view name, const metric_labels& labels = {}) const;
    /// Their sum; nothing when there is no such series.
    std::optional<double> sum(std::string_view name, const metric_labels& labels = {}) const;

private:
    std::vector<metric_sample> samples_;
    std::map<std::string, std::string> types_;
};

} // namespace beastmark::testing
