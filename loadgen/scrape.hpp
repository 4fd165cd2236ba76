// One Prometheus endpoint, sampled each second, as columns: what a page's numbers say about the second
// before. Sans-I/O: pages and times in, columns out. observer.cpp fetches the pages.
#pragma once

#include "loadgen/observed_spec.hpp"
#include "loadgen/prometheus_text.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

struct scrape_limits {
    std::size_t page_bytes = 8u << 20;
    std::size_t series = 2'000;
    std::size_t cells = 16u << 20; // numbers kept over the whole run, 8 bytes each
};

/// The q-quantile of what fell into buckets with these upper bounds (the last is +Inf), by linear
/// interpolation inside the bucket, as Prometheus's histogram_quantile does. Nothing when the buckets are
/// empty. https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
std::optional<double> bucket_quantile(double q, const std::vector<double>& upper_bounds,
                                      const std::vector<double>& cumulative_counts);

class scraped_endpoint {
public:
    explicit scraped_endpoint(scrape_spec spec, scrape_limits limits = {});

    /// A page fetched at `t_s`. The first page is the baseline and adds no row. A page that is not of the
    /// format is a failure.
    void add_page(double t_s, std::string_view text);

    /// The endpoint gave no page: a row of gaps.
    void add_failure(double t_s, std::string_view reason);

    const scrape_spec& spec() const { return spec_; }

    const scrape_limits& limits() const { return limits_; }

    /// `scraped.NAME` of docs/result.md.
    nlohmann::json to_json() const;

private:
    struct series {
        std::string name;
        metric_labels labels;
        metric_type type = metric_type::gauge;
        // Of the page before: a counter's value; a histogram's count and its buckets, by upper bound.
        std::optional<double> previous;
        double previous_t_s = 0;
        std::map<double, double> previous_buckets;
        // Of the page being read.
        std::optional<double> current;
        std::map<double, double> current_buckets;
        // Nothing is kept of a series that was only 0 so far: from appeared_row to stored_row it was 0.
        std::size_t appeared_row = 0;
        std::size_t stored_row = 0;
        std::vector<double> values; // gauge: the value; counter and histogram: the rate per second
        std::vector<double> p50;
        std::vector<double> p99;
    };

    struct row {
        double value = std::numeric_limits<double>::quiet_NaN();
        double p50 = value;
        double p99 = value;
    };

    series* find_or_add(std::string_view name, const metric_labels& labels, metric_type type);
    void forget_current();
    void take(const metric_page& page);
    void close_row(double t_s);
    void close_series(series& s, double t_s, bool adds_row);
    static void quantiles(const series& s, bool reset, row& r);
    void push(series& s, const row& r);
    void note(std::string text);
    nlohmann::json column(const series& s, const std::vector<double>& stored, bool zeros) const;

    scrape_spec spec_;
    scrape_limits limits_;
    bool baseline_ = true;
    std::vector<double> t_s_;
    std::vector<bool> failed_rows_;
    std::uint64_t failures_ = 0;
    std::string last_failure_;
    std::vector<std::string> notes_;
    std::size_t cells_ = 0;
    std::map<std::string, series> series_; // by name and labels
};

} // namespace beastmark::loadgen
