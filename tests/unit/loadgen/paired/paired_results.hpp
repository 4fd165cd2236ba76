// Results whose seconds are given, for tests of what is compared second by second.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen::paired {

/// Of one target, one stage of a constant rate.
struct told_seconds {
    std::vector<double> p50_us;
    std::vector<double> p99_us;
    std::vector<double> error_rate;
    std::vector<double> throughput_rps;
    std::vector<double> cpu_us;
    double rate_rps = 1000;
    std::vector<std::size_t> disturbed{}; // seconds
};

inline nlohmann::json second_of(const told_seconds& told, std::size_t i) {
    const bool disturbed = std::find(told.disturbed.begin(), told.disturbed.end(), i) != told.disturbed.end();
    return {{"t_s", static_cast<double>(i + 1)},
            {"completed", told.throughput_rps[i]},
            {"outcomes", {{"ok", told.throughput_rps[i]}}},
            {"availability", 1 - told.error_rate[i]},
            {"response", {{"p50_us", told.p50_us[i]}, {"p99_us", told.p99_us[i]}}},
            {"verdict", disturbed ? "disturbed" : "valid"}};
}

/// As docs/result.md has it, as far as a comparison reads it.
inline nlohmann::json result_of(const std::vector<std::pair<std::string, told_seconds>>& targets) {
    nlohmann::json result{{"schema", "loadgen.result/1"},
                          {"run", {{"interrupted", false}, {"stopped", nullptr}}},
                          {"config", {{"loop", "open"}, {"connections", 64}, {"seed", 1}}},
                          {"manifest",
                           {{"host", {{"name", "h"}, {"cpus", 2}, {"memory_bytes", 8e9}}},
                            {"cpu_quota_cores", nullptr},
                            {"placement", {{{"name", "loadgen"}, {"pid", 1}, {"cpus", "1"}}}}}},
                          {"targets", nlohmann::json::object()},
                          {"watched", nlohmann::json::object()}};
    for (const auto& [name, told] : targets) {
        const auto length = static_cast<double>(told.p50_us.size());
        auto& target = result["targets"][name];
        target = {{"totals", nlohmann::json::object()},
                  {"validity", {{"believable", true}, {"text", "VALID"}}},
                  {"stages",
                   {{{"index", 0},
                     {"kind", "hold"},
                     {"warmup", false},
                     {"complete", true},
                     {"start_s", 0.0},
                     {"end_s", length},
                     {"from_rps", told.rate_rps},
                     {"to_rps", told.rate_rps}}}}};
        auto& process = result["watched"][name];
        for (std::size_t i = 0; i < told.p50_us.size(); ++i) {
            target["timeline"].push_back(second_of(told, i));
            process["t_s"].push_back(static_cast<double>(i + 1));
            process["cpu_cores"].push_back(told.cpu_us[i] * told.throughput_rps[i] / 1e6);
        }
    }
    return result;
}

} // namespace beastmark::loadgen::paired
