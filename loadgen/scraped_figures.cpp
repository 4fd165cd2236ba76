#include "loadgen/scraped_figures.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/spread.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

bool is_of_success(const json& series) {
    const json& error = part_of(part_of(series, "labels"), "error_type");
    return !error.is_string() || error.get_ref<const std::string&>().empty();
}

} // namespace

bool has_label(const json& series, const char* label, std::string_view value) {
    const json& found = part_of(part_of(series, "labels"), label);
    return found.is_string() && found.get_ref<const std::string&>() == value;
}

std::optional<double> mean_of(const std::vector<double>& values) {
    if (values.empty())
        return std::nullopt;
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> highest_of(const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional(*std::max_element(values.begin(), values.end()));
}

std::vector<double> seconds_of_stage::of(const json& times, const json& column) const {
    constexpr double half_a_second = 0.5;
    std::vector<double> found;
    if (!times.is_array() || !column.is_array())
        return found;
    for (std::size_t i = 0; i < std::min(times.size(), column.size()); ++i) {
        const auto time = number_of(times[i]);
        const auto value = number_of(column[i]);
        if (time && value && *time - half_a_second >= start_s && *time - half_a_second <= end_s)
            found.push_back(*value);
    }
    return found;
}

scraped_figures::scraped_figures(const json& result, const std::string& target, seconds_of_stage seconds)
    : seconds_(seconds) {
    const json& scraped = part_of(result, "scraped");
    if (!scraped.is_object())
        return;
    if (const json& own = part_of(scraped, target.c_str()); own.is_object()) {
        endpoints_.push_back(&own);
        return;
    }
    const json& targets = part_of(result, "targets");
    for (const auto& [name, endpoint] : scraped.items())
        if (endpoint.is_object() && !targets.contains(name))
            endpoints_.push_back(&endpoint);
}

std::vector<scraped_figures::found_series> scraped_figures::named(std::string_view name) const {
    std::vector<found_series> found;
    for (const json* endpoint : endpoints_) {
        const json& all = part_of(*endpoint, "series");
        if (!all.is_array())
            continue;
        for (const json& series : all)
            if (const json& its = part_of(series, "name");
                its.is_string() && its.get_ref<const std::string&>() == name)
                found.push_back({&series, &part_of(*endpoint, "t_s")});
    }
    return found;
}

std::optional<double> scraped_figures::throttled_share() const {
    std::optional<double> share;
    for (const json* endpoint : endpoints_) {
        const json& times = part_of(*endpoint, "t_s");
        if (!seconds_.of(times, times).empty())
            share = 0;
    }
    for (const auto& [series, times] : named("cgroup_cpu_throttled_seconds_total"))
        if (const auto mean = mean_of(seconds_.of(*times, part_of(*series, "rate_per_s"))))
            share = share.value_or(0) + *mean;
    return share;
}

std::vector<double> scraped_figures::throttled_seconds() const {
    std::vector<double> most;
    for (const auto& [series, times] : named("cgroup_cpu_throttled_seconds_total"))
        if (auto seconds = seconds_.of(*times, part_of(*series, "rate_per_s"));
            mean_of(seconds).value_or(0) > mean_of(most).value_or(0))
            most = std::move(seconds);
    return most;
}

std::optional<double> scraped_figures::cpu_limit_cores() const {
    for (const auto& [series, times] : named("cgroup_cpu_limit_cores"))
        if (const auto cores = highest_of(seconds_.of(*times, part_of(*series, "value")));
            cores && *cores > 0)
            return cores;
    return std::nullopt;
}

std::optional<double> scraped_figures::operation_p99_us(std::string_view operation) const {
    constexpr double us_per_s = 1e6;
    for (const auto& [series, times] : named("db_client_operation_duration_seconds"))
        if (has_label(*series, "db_operation_name", operation) && is_of_success(*series))
            if (const auto p99_s = median_of(seconds_.of(*times, part_of(*series, "p99_s"))))
                return *p99_s * us_per_s;
    return std::nullopt;
}

std::optional<double> scraped_figures::pool_connections(std::string_view state) const {
    const auto all = named("db_client_connection_count");
    const auto of_database = [](const found_series& found) {
        return has_label(*found.series, "db_client_connection_pool_name", "postgresql");
    };
    const auto named_so = std::any_of(all.begin(), all.end(), of_database);
    std::optional<double> connections;
    for (const auto& found : all) {
        if (!has_label(*found.series, "db_client_connection_state", state) ||
            (named_so && !of_database(found)))
            continue;
        if (const auto mean = mean_of(seconds_.of(*found.times, part_of(*found.series, "value"))))
            connections = connections.value_or(0) + *mean;
    }
    return connections;
}

} // namespace beastmark::loadgen
