#include "loadgen/paired/steady.hpp"

#include "loadgen/statistics/steady_state.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace beastmark::loadgen::paired {
namespace {

// A change of the availability that is no longer noise: in points, of the mean.
constexpr double matters = 0.05;

double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of a service that fails for a while, or from some second on. What it does before or after is not left out
// as a warm-up is: that would be to choose what is compared by how well it went.
bool failed_in_part(const measured_stage& stage) {
    std::vector<double> available;
    for (const auto& w : stage.windows)
        if (const auto errors = w.value(figure::error_rate); errors && w.believable)
            available.push_back(1 - *errors);
    if (available.size() < statistics::fewest_to_judge)
        return false;
    const auto from = statistics::steady_from(available);
    return !from || std::abs(mean_of(std::span(available).subspan(*from)) - mean_of(available)) > matters;
}

} // namespace

steadiness steadiness_of(const measured_stage& stage) {
    if (failed_in_part(stage))
        return {0, std::nullopt, true, true};
    std::vector<double> medians;
    std::vector<const window*> of;
    for (const auto& w : stage.windows) {
        if (const auto p50 = w.value(figure::p50_us); p50 && w.believable) {
            medians.push_back(*p50);
            of.push_back(&w);
        }
    }
    if (medians.size() < statistics::fewest_to_judge)
        return {0, 0, false};
    const auto from = statistics::steady_from(medians);
    if (!from)
        return {0, std::nullopt};
    if (*from == 0)
        return {0, 0};
    const auto& last = *of[*from - 1];
    return {static_cast<std::size_t>(&last - stage.windows.data()) + 1, last.t_s - stage.start_s};
}

void add_steady_state(nlohmann::json& result) {
    for (auto& [name, target] : result["targets"].items()) {
        for (const auto& stage : read_stages(result, name)) {
            const auto found = steadiness_of(stage);
            if (found.judged)
                target["stages"][stage.index]["steady_from_s"] =
                    found.from_s ? nlohmann::json(*found.from_s) : nlohmann::json(nullptr);
        }
    }
}

} // namespace beastmark::loadgen::paired
