#include "loadgen/service_quota.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/scraped_figures.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

// Less is a period or two of a tenth of a second that ended a little early: nobody's capacity.
constexpr double mattering_share = 0.01;

json quota_of(const scraped_figures& service) {
    const auto seconds = service.throttled_seconds();
    const auto stopped =
        std::count_if(seconds.begin(), seconds.end(), [](double share) { return share >= mattering_share; });
    if (stopped == 0)
        return nullptr;
    const auto limit = service.cpu_limit_cores();
    const auto text =
        fmt::format("its CPU quota{} stopped the service in {} of {} s, for {:.2g} s a second",
                    limit ? fmt::format(" of {:.3g} core{}", *limit, *limit == 1 ? "" : "s") : "", stopped,
                    seconds.size(), mean_of(seconds).value_or(0));
    return {{"stopped_s", stopped},
            {"seen_s", seconds.size()},
            {"share", mean_of(seconds).value_or(0)},
            {"limit_cores", limit ? json(*limit) : json(nullptr)},
            {"text", text}};
}

} // namespace

void add_service_quota(json& result) {
    const auto warmup_s = number_of(part_of(part_of(result, "config"), "warmup_s")).value_or(0);
    const auto end_s = number_of(part_of(part_of(result, "run"), "duration_s")).value_or(0);
    for (auto& [name, target] : result["targets"].items()) {
        json quota = quota_of(scraped_figures(result, name, {warmup_s, end_s}));
        if (quota.is_null())
            continue;
        auto& validity = target["validity"];
        validity["text"] =
            fmt::format("{}; {}", validity["text"].get<std::string>(), quota["text"].get<std::string>());
        validity["service_throttled"] = std::move(quota);
    }
}

std::string service_quota_text(const json& result) {
    std::string lines;
    for (const auto& [name, target] : part_of(result, "targets").items())
        if (const json& quota = part_of(part_of(target, "validity"), "service_throttled"); quota.is_object())
            lines += fmt::format("  {}: {}\n", name, quota["text"].get<std::string>());
    return lines;
}

} // namespace beastmark::loadgen
