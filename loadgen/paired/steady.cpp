#include "loadgen/paired/steady.hpp"

#include "loadgen/statistics/steady_state.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace beastmark::loadgen::paired {

steadiness steadiness_of(const measured_stage& stage) {
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
