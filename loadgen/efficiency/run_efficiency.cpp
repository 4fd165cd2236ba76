#include "loadgen/efficiency/run_efficiency.hpp"

#include "loadgen/efficiency/efficiency_output.hpp"
#include "loadgen/efficiency/observed_cpu.hpp"
#include "loadgen/efficiency/prometheus_cpu.hpp"

#include <nlohmann/json.hpp>

namespace beastmark::loadgen::efficiency {

namespace {

found_cpu cpu_of(const run_record& record, const run_options& options, const std::string& target,
                 const nlohmann::json& observed) {
    if (record.what.share.of > 1)
        return {std::nullopt, "a shard sends only its share of the requests that the CPU is used for"};
    auto found = observed_cpu(observed, target, record.targets.size() == 1);
    if (!found.series && options.prometheus)
        return prometheus_cpu(*options.prometheus, target, record.started_at, record.duration);
    return found;
}

} // namespace

std::vector<target_costs> find_costs(const run_record& record, const run_options& options,
                                     const nlohmann::json& observed) {
    std::vector<target_costs> all;
    if (options.watches.empty() && options.scrapes.empty() && options.prices.empty() && !options.prometheus)
        return all;
    for (std::size_t i = 0; i < record.targets.size(); ++i) {
        const auto& name = record.what.targets[i].name;
        const auto price = options.prices.find(name);
        if (record.what.targets[i].own) // turns: the pair is compared as a whole, its CPU too
            continue;
        // A shard's share of the requests is not what the price buys, either.
        const auto paid = price == options.prices.end() || record.what.share.of > 1
                              ? std::nullopt
                              : std::optional(price->second);
        all.push_back(find_costs(record, i, options.slos, cpu_of(record, options, name, observed), paid));
    }
    return all;
}

nlohmann::json as_json(const std::vector<target_costs>& found) {
    nlohmann::json all = nlohmann::json::object();
    for (const auto& one : found)
        all[one.target] = as_json(one);
    return all;
}

} // namespace beastmark::loadgen::efficiency
