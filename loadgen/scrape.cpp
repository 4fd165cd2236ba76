#include "loadgen/scrape.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace beastmark::loadgen {
namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

struct identity {
    std::string_view family;
    metric_type type;
    std::string_view suffix; // of a histogram or summary: "_bucket", "_sum", "_count"
};

/// Which family a sample belongs to: by its own name, else without the suffix of a histogram or summary.
identity identify(const metric_page& page, std::string_view name) {
    if (const auto found = page.types.find(name); found != page.types.end())
        return {name, found->second, {}};
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
        if (!name.ends_with(suffix))
            continue;
        const std::string_view family = name.substr(0, name.size() - suffix.size());
        const auto found = page.types.find(family);
        if (found != page.types.end() &&
            (found->second == metric_type::histogram || found->second == metric_type::summary))
            return {family, found->second, suffix};
    }
    return {name, metric_type::untyped, {}};
}

double parse_bound(const std::string& text) {
    if (text == "+Inf" || text == "Inf")
        return std::numeric_limits<double>::infinity();
    try {
        return std::stod(text);
    } catch (const std::exception&) {
        return gap;
    }
}

std::string key_of(std::string_view name, const metric_labels& labels) {
    std::string key(name);
    for (const auto& [label, value] : labels) {
        key.push_back('\0');
        key += label;
        key.push_back('\0');
        key += value;
    }
    return key;
}

nlohmann::json number_or_null(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

/// Six significant digits: more is noise, and an hour of them is megabytes.
double rounded(double value) {
    if (value == 0 || !std::isfinite(value))
        return value;
    const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
    const double result = std::round(value * scale) / scale;
    return std::isfinite(result) ? result : value;
}

} // namespace

std::optional<double> bucket_quantile(double q, const std::vector<double>& upper_bounds,
                                      const std::vector<double>& cumulative_counts) {
    if (upper_bounds.empty() || cumulative_counts.size() != upper_bounds.size() ||
        cumulative_counts.back() <= 0)
        return std::nullopt;
    const double rank = q * cumulative_counts.back();
    std::size_t i = 0;
    while (i + 1 < cumulative_counts.size() && cumulative_counts[i] < rank)
        ++i;
    if (i + 1 == upper_bounds.size() &&
        std::isinf(upper_bounds[i])) // beyond the last finite bound: no better guess
        return i == 0 ? std::nullopt : std::optional(upper_bounds[i - 1]);
    if (i == 0 && upper_bounds[0] <= 0)
        return upper_bounds[0];
    const double lower = i == 0 ? 0.0 : upper_bounds[i - 1];
    const double below = i == 0 ? 0.0 : cumulative_counts[i - 1];
    const double inside = cumulative_counts[i] - below;
    if (inside <= 0)
        return upper_bounds[i];
    return lower + (upper_bounds[i] - lower) * std::clamp((rank - below) / inside, 0.0, 1.0);
}

scraped_endpoint::scraped_endpoint(scrape_spec spec, scrape_limits limits)
    : spec_(std::move(spec)), limits_(limits) {}

void scraped_endpoint::add_page(double t_s, std::string_view text) {
    if (text.size() > limits_.page_bytes)
        return add_failure(t_s, "the page is larger than " + std::to_string(limits_.page_bytes) + " bytes");
    const metric_page page = parse_prometheus_text(text);
    if (!page.error.empty())
        return add_failure(t_s, page.error);
    forget_current();
    take(page);
    close_row(t_s);
}

void scraped_endpoint::add_failure(double t_s, std::string_view reason) {
    ++failures_;
    last_failure_ = reason;
    forget_current();
    close_row(t_s);
}

void scraped_endpoint::forget_current() {
    for (auto& [key, s] : series_) {
        s.current.reset();
        s.current_buckets.clear();
    }
}

scraped_endpoint::series* scraped_endpoint::find_or_add(std::string_view name, const metric_labels& labels,
                                                        metric_type type) {
    std::string key = key_of(name, labels);
    if (const auto found = series_.find(key); found != series_.end())
        return &found->second;
    if (series_.size() >= limits_.series) {
        note("only the first " + std::to_string(limits_.series) + " series are kept");
        return nullptr;
    }
    series& s = series_[std::move(key)];
    s.name = name;
    s.labels = labels;
    s.type = type;
    s.appeared_row = s.stored_row = t_s_.size();
    return &s;
}

void scraped_endpoint::take(const metric_page& page) {
    for (const metric_sample& sample : page.samples) {
        const identity who = identify(page, sample.name);
        if (who.type == metric_type::histogram) {
            if (who.suffix == "_sum" || who.suffix.empty())
                continue;
            metric_labels labels = sample.labels;
            double bound = gap;
            std::erase_if(labels, [&bound](const auto& label) {
                if (label.first != "le")
                    return false;
                bound = parse_bound(label.second);
                return true;
            });
            series* s = find_or_add(who.family, labels, metric_type::histogram);
            if (s != nullptr && who.suffix == "_count")
                s->current = sample.value;
            else if (s != nullptr && !std::isnan(bound))
                s->current_buckets[bound] = sample.value;
            continue;
        }
        const bool counts = who.type == metric_type::counter || !who.suffix.empty();
        if (series* s =
                find_or_add(sample.name, sample.labels, counts ? metric_type::counter : metric_type::gauge))
            s->current = sample.value;
    }
}

void scraped_endpoint::close_row(double t_s) {
    const bool full = cells_ >= limits_.cells;
    if (full)
        note("the last rows are missing: " + std::to_string(limits_.cells) + " numbers are kept");
    const bool adds_row = !baseline_ && !full;
    for (auto& [key, s] : series_)
        close_series(s, t_s, adds_row);
    if (adds_row) {
        t_s_.push_back(t_s);
        failed_rows_.push_back(std::none_of(series_.begin(), series_.end(), [](const auto& entry) {
            return entry.second.current.has_value();
        }));
    }
    baseline_ = false;
}

void scraped_endpoint::close_series(series& s, double t_s, bool adds_row) {
    row r;
    if (s.current && s.type == metric_type::gauge) {
        r.value = *s.current;
    } else if (s.current && s.previous && t_s > s.previous_t_s) {
        const bool reset = *s.current < *s.previous;
        r.value = (*s.current - (reset ? 0.0 : *s.previous)) / (t_s - s.previous_t_s);
        if (s.type == metric_type::histogram)
            quantiles(s, reset, r);
    }
    if (s.current) {
        s.previous = s.current;
        s.previous_t_s = t_s;
        std::swap(s.previous_buckets, s.current_buckets);
    }
    if (adds_row)
        push(s, r);
}

void scraped_endpoint::quantiles(const series& s, bool reset, row& r) {
    std::vector<double> bounds;
    std::vector<double> counts;
    for (const auto& [bound, count] : s.current_buckets) {
        const auto before = s.previous_buckets.find(bound);
        const double delta = count - (reset || before == s.previous_buckets.end() ? 0.0 : before->second);
        bounds.push_back(bound);
        counts.push_back(std::max(delta, counts.empty() ? 0.0 : counts.back()));
    }
    r.p50 = bucket_quantile(0.50, bounds, counts).value_or(gap);
    r.p99 = bucket_quantile(0.99, bounds, counts).value_or(gap);
}

void scraped_endpoint::push(series& s, const row& r) {
    if (s.values.empty() && (!std::isfinite(r.value) || r.value == 0)) {
        const bool absent =
            std::isnan(r.value) && s.appeared_row == s.stored_row; // or a counter's first sight
        s.stored_row = t_s_.size() + 1;
        if (absent)
            s.appeared_row = s.stored_row;
        return;
    }
    if (s.values.empty())
        s.stored_row = t_s_.size();
    s.values.push_back(rounded(r.value));
    ++cells_;
    if (s.type == metric_type::histogram) {
        s.p50.push_back(rounded(r.p50));
        s.p99.push_back(rounded(r.p99));
        cells_ += 2;
    }
}

void scraped_endpoint::note(std::string text) {
    if (std::find(notes_.begin(), notes_.end(), text) == notes_.end() && notes_.size() < 10)
        notes_.push_back(std::move(text));
}

nlohmann::json scraped_endpoint::column(const series& s, const std::vector<double>& stored,
                                        bool zeros) const {
    nlohmann::json cells = nlohmann::json::array();
    for (std::size_t i = 0; i < t_s_.size(); ++i) {
        if (i >= s.stored_row)
            cells.push_back(number_or_null(stored[i - s.stored_row]));
        else
            cells.push_back(zeros && i >= s.appeared_row && !failed_rows_[i] ? nlohmann::json(0.0)
                                                                             : nlohmann::json(nullptr));
    }
    return cells;
}

nlohmann::json scraped_endpoint::to_json() const {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [key, s] : series_) {
        if (s.values.empty())
            continue;
        nlohmann::json labels = nlohmann::json::object();
        for (const auto& [label, value] : s.labels)
            labels[label] = value;
        nlohmann::json one{{"name", s.name}, {"labels", std::move(labels)}};
        one["type"] = s.type == metric_type::gauge     ? "gauge"
                      : s.type == metric_type::counter ? "counter"
                                                       : "histogram";
        one[s.type == metric_type::gauge ? "value" : "rate_per_s"] = column(s, s.values, true);
        if (s.type == metric_type::histogram) {
            one["p50_s"] = column(s, s.p50, false);
            one["p99_s"] = column(s, s.p99, false);
        }
        all.push_back(std::move(one));
    }
    nlohmann::json result{
        {"url", spec_.url}, {"failures", failures_}, {"t_s", t_s_}, {"series", std::move(all)}};
    if (!last_failure_.empty())
        result["last_failure"] = last_failure_;
    if (!notes_.empty())
        result["notes"] = notes_;
    return result;
}

} // namespace beastmark::loadgen
