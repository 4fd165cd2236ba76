#include "loadgen/efficiency/observed_cpu.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/scraped_figures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen::efficiency {
namespace {

using nlohmann::json;

struct candidate {
    std::string name;
    cpu_series series;
};

using by_time = std::map<double, double>;

void add_samples(by_time& to, const json& times, const json& cores) {
    if (!times.is_array() || !cores.is_array())
        return;
    for (std::size_t i = 0; i < std::min(times.size(), cores.size()); ++i)
        if (const auto t = number_of(times[i]), value = number_of(cores[i]); t && value)
            to[*t] += *value;
}

cpu_series as_series(std::string source, std::string of, const by_time& samples) {
    cpu_series series{.source = std::move(source), .of = std::move(of), .t_s = {}, .cores = {}};
    for (const auto& [t, value] : samples) {
        series.t_s.push_back(t);
        series.cores.push_back(value);
    }
    return series;
}

std::vector<candidate> watched(const json& observed) {
    std::vector<candidate> found;
    const json& all = part_of(observed, "watched");
    if (!all.is_object())
        return found;
    for (const auto& [name, process] : all.items()) {
        if (name == "loadgen")
            continue;
        by_time samples;
        add_samples(samples, part_of(process, "t_s"), part_of(process, "cpu_cores"));
        const json& pid = part_of(process, "pid");
        if (!samples.empty())
            found.push_back(
                {name, as_series("watch", fmt::format("process {} ({})", name, pid.dump()), samples)});
    }
    return found;
}

/// cAdvisor has one series for each container, or one for each of its CPUs and their sum.
bool is_of_container(const json& series, const std::string& name) {
    const json& cpu = part_of(part_of(series, "labels"), "cpu");
    return (has_label(series, "container", name) || has_label(series, "name", name)) &&
           (!cpu.is_string() || cpu == "total");
}

/// The sum of an endpoint's series of that name that are wanted; empty where there is none.
template <class Wanted>
cpu_series sum_of(const json& endpoint, std::string_view metric, Wanted wanted) {
    by_time samples;
    const json& all = part_of(endpoint, "series");
    if (all.is_array())
        for (const json& series : all)
            if (part_of(series, "name") == metric && wanted(series))
                add_samples(samples, part_of(endpoint, "t_s"), part_of(series, "rate_per_s"));
    const json& url = part_of(endpoint, "url");
    return as_series(
        "scrape", fmt::format("{} of {}", metric, url.is_string() ? url.get<std::string>() : "?"), samples);
}

std::vector<candidate> scraped(const json& observed) {
    std::vector<candidate> found;
    const json& all = part_of(observed, "scraped");
    if (!all.is_object())
        return found;
    for (const auto& [name, endpoint] : all.items())
        if (auto sum = sum_of(endpoint, "process_cpu_seconds_total", [](const json&) { return true; });
            !sum.t_s.empty())
            found.push_back({name, std::move(sum)});
    return found;
}

std::vector<candidate> containers(const json& observed, const std::string& target) {
    std::vector<candidate> found;
    const json& all = part_of(observed, "scraped");
    if (!all.is_object())
        return found;
    for (const auto& [name, endpoint] : all.items())
        if (auto sum = sum_of(endpoint, "container_cpu_usage_seconds_total",
                              [&](const json& series) { return is_of_container(series, target); });
            !sum.t_s.empty())
            found.push_back({target, std::move(sum)});
    return found;
}

// Why the endpoint with the target's name gave none; empty when there is no such endpoint.
std::string failed_scrape(const json& observed, const std::string& target) {
    const json& endpoint = part_of(part_of(observed, "scraped"), target.c_str());
    if (!endpoint.is_object())
        return {};
    const json& why = part_of(endpoint, "last_failure");
    return fmt::format("no CPU was measured: --scrape {} {}", target,
                       why.is_string() ? "failed: " + why.get<std::string>()
                                       : "has no process_cpu_seconds_total");
}

} // namespace

found_cpu observed_cpu(const json& observed, const std::string& target, bool only_target) {
    std::vector<std::string> others;
    for (auto& candidates : {watched(observed), scraped(observed), containers(observed, target)}) {
        for (const candidate& one : candidates)
            if (one.name == target)
                return {one.series, {}};
        if (only_target && candidates.size() == 1)
            return {candidates.front().series, {}};
        for (const candidate& one : candidates)
            others.push_back(one.name);
    }
    if (const auto why = failed_scrape(observed, target); others.empty() && !why.empty())
        return {std::nullopt, why};
    if (others.empty())
        return {std::nullopt,
                fmt::format("no CPU was measured: give --watch {0}=PID, --scrape {0}=URL of its metrics, or "
                            "--prometheus URL",
                            target)};
    return {
        std::nullopt,
        fmt::format("which of {} serves '{}' is not known: give it the target's name, as in --watch {}=PID",
                    fmt::join(others, ", "), target, target)};
}

} // namespace beastmark::loadgen::efficiency
