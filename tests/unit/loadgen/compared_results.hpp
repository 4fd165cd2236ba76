// Results of staircases whose figures are given, for tests of what is made of several.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen::testing_results {

using nlohmann::json;

struct step {
    double rate = 0;
    double p99_ms = 1;
    double availability = 1;
    std::string verdict = "valid";
    std::string cause = "none";
    bool believable = true;
    bool complete = true;
};

constexpr double seconds_per_step = 2;

inline json stage_of(const step& one, std::size_t index) {
    const auto start = seconds_per_step * static_cast<double>(index);
    return {
        {"index", index},
        {"kind", "hold"},
        {"start_s", start},
        {"end_s", start + seconds_per_step},
        {"from_rps", one.rate},
        {"to_rps", one.rate},
        {"complete", one.complete},
        {"totals", {{"achieved_rps", one.rate * one.availability}, {"availability", one.availability}}},
        {"latency",
         {{"response",
           {{"p50_us", one.p99_ms * 100}, {"p99_us", one.p99_ms * 1000}, {"p999_us", one.p99_ms * 2000}}}}},
        {"validity",
         {{"verdict", one.verdict},
          {"cause", one.cause},
          {"believable", one.believable},
          {"measured_s", seconds_per_step}}}};
}

/// One target, asked for each step in turn.
inline json result_of(const std::string& name, const std::vector<step>& steps) {
    json stages = json::array();
    for (std::size_t i = 0; i < steps.size(); ++i)
        stages.push_back(stage_of(steps[i], i));
    return {
        {"schema", "loadgen.result/1"},
        {"run", {{"stopped", nullptr}, {"duration_s", seconds_per_step * static_cast<double>(steps.size())}}},
        {"config", {{"loop", "open"}}},
        {"targets",
         {{name, {{"method", "GET"}, {"totals", json::object()}, {"stages", std::move(stages)}}}}}};
}

/// A ladder of doubling rates from 1000/s of which `held` is the highest that is kept; ends one step above,
/// or at `last`.
inline json ladder(const std::string& name, double held, double last = 16'000, double p99_ms = 1) {
    std::vector<step> steps;
    for (double rate = 1'000; rate <= last && rate <= 2 * held; rate *= 2)
        steps.push_back(rate <= held ? step{.rate = rate, .p99_ms = p99_ms}
                                     : step{.rate = rate, .p99_ms = 400, .availability = 0.7});
    return result_of(name, steps);
}

/// A process of that name that takes `us` of CPU for each request of every stage, and that much memory.
inline void watch(json& result, const std::string& name, double us, double bytes) {
    json times = json::array();
    json cores = json::array();
    json memory = json::array();
    for (const json& stage : result["targets"].front()["stages"])
        for (int second = 1; second <= static_cast<int>(seconds_per_step); ++second) {
            times.push_back(stage["start_s"].get<double>() + second);
            cores.push_back(stage["totals"]["achieved_rps"].get<double>() * us / 1e6);
            memory.push_back(bytes);
        }
    result["watched"][name] = {{"t_s", times}, {"cpu_cores", cores}, {"memory_bytes", memory}};
}

} // namespace beastmark::loadgen::testing_results
