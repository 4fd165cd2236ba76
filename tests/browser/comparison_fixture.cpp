#include "tests/browser/comparison_fixture.hpp"

#include "tests/browser/fixture.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace beastmark::fixture {
namespace {

using nlohmann::json;

/// Until its first stage that is not answered, as --stop-when ends it.
json round_of(const std::string& name, double capacity_rps, bool with_database) {
    json result = staircase({.target = name,
                             .stages = 8,
                             .seconds_per_stage = 3,
                             .step_rps = 1'000,
                             .capacity_rps = capacity_rps,
                             .with_database = with_database,
                             .stopped = false});
    json& stages = result["targets"][name]["stages"];
    const auto reached = static_cast<std::size_t>(capacity_rps / 1'000) + 1;
    while (stages.size() > reached)
        stages.erase(stages.size() - 1);
    return result;
}

} // namespace

std::vector<json> compared_targets(bool with_database) {
    std::vector<json> all;
    for (const double capacity : {6'300.0, 6'600.0, 7'200.0})
        all.push_back(round_of("cpp", capacity, with_database));
    for (const double capacity : {2'300.0, 2'400.0, 2'450.0})
        all.push_back(round_of("go", capacity, with_database));
    for (const double capacity : {6'500.0, 6'400.0, 7'300.0})
        all.push_back(round_of("cpp-2", capacity, with_database));
    if (with_database)
        for (std::size_t i = 3; i < 6; ++i) {
            json& endpoint = all[i]["scraped"]["go"];
            const json shares(endpoint["t_s"].size(), 0.25);
            endpoint["series"].push_back({{"name", "cgroup_cpu_throttled_seconds_total"},
                                          {"labels", json::object()},
                                          {"type", "counter"},
                                          {"rate_per_s", shares}});
        }
    return all;
}

} // namespace beastmark::fixture
