#include "loadgen/shard_summary.hpp"

#include "loadgen/output_folder.hpp"
#include "loadgen/recovery/recovery_output.hpp"
#include "loadgen/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

std::string_view state_of(const shard_facts* shard) {
    if (shard == nullptr)
        return "missing";
    if (!shard->end)
        return "cut off";
    if (shard->end->signal != 0)
        return "interrupted";
    return shard->end->stopped_on ? "stopped" : "complete";
}

json not_offered_json(const merged_run& merged, std::uint64_t index) {
    json counts = json::object();
    for (std::size_t i = 0; i < merged.record.targets.size(); ++i)
        counts[merged.record.what.targets[i].name] = merged.not_offered(index, i);
    return counts;
}

json part_json(const merged_run& merged, std::uint64_t index) {
    const auto* const shard = merged.find(index);
    json part{{"index", index}, {"state", state_of(shard)}, {"not_offered", not_offered_json(merged, index)}};
    if (shard == nullptr)
        return part;
    part["host"] = shard->host;
    part["started_at"] = utc_text(shard->started_at);
    part["threads"] = shard->threads;
    part["connections"] = shard->connections;
    part["duration_s"] =
        shard->end ? json(std::chrono::duration<double>(shard->end->duration).count()) : json(nullptr);
    part["clock_skew_s"] = shard->skew ? json(shard->skew->seconds) : json(nullptr);
    part["clock_skew_error_s"] = shard->skew ? json(shard->skew->error) : json(nullptr);
    auto& offered = part["offered"] = json::object();
    for (std::size_t i = 0; i < shard->offered.size(); ++i)
        offered[merged.record.what.targets[i].name] = shard->offered[i];
    return part;
}

} // namespace

json shards_json(const merged_run& merged) {
    json parts = json::array();
    json not_offered = json::object();
    for (std::uint64_t index = 0; index < merged.of; ++index) {
        parts.push_back(part_json(merged, index));
        for (const auto& [name, count] : parts.back()["not_offered"].items())
            not_offered[name] = not_offered.value(name, std::uint64_t{0}) + count.get<std::uint64_t>();
    }
    return {{"of", merged.of},
            {"complete", merged.complete()},
            {"not_offered", std::move(not_offered)},
            {"parts", std::move(parts)}};
}

std::string shards_text(const merged_run& merged) {
    const auto all = shards_json(merged);
    auto text = fmt::format("\n{} of {} shards\n", merged.shards.size(), merged.of);
    for (const json& part : all["parts"]) {
        const auto& state = part["state"].get_ref<const std::string&>();
        if (state == "complete")
            continue;
        text += fmt::format(
            "  shard {}{}: {};", part["index"].get<std::uint64_t>(),
            part.contains("host") ? fmt::format(" ({})", part["host"].get_ref<const std::string&>()) : "",
            state);
        for (const auto& [target, count] : part["not_offered"].items())
            text += fmt::format(" not offered to {}: {}", target, count.get<std::uint64_t>());
        text += '\n';
    }
    return text;
}

merged_result judge(const merged_run& merged) {
    merged_result judged;
    judged.objectives = judge_slos(merged.options.slos, merged.record);
    judged.exit_code = exit_code_of(merged.record, judged.objectives, merged.complete());
    judged.result = make_result(merged.record, merged.options, judged.exit_code);
    recovery::add_recovery(judged.result, merged.record);
    judged.result["slo"] = slos_json(judged.objectives);
    judged.result["shards"] = shards_json(merged);
    return judged;
}

} // namespace beastmark::loadgen
