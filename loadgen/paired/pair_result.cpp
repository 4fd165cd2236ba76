#include "loadgen/paired/pair_result.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/paired/comparability.hpp"
#include "loadgen/paired/output.hpp"
#include "loadgen/paired/words.hpp"
#include "loadgen/report.hpp"
#include "loadgen/tell.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <stdexcept>

namespace beastmark::loadgen::paired {
namespace {

using nlohmann::json;

// The warm-up's turns begin with the stage of index 1.
void mark_turns(json& result, const run_options& options) {
    const std::size_t before = options.warmup.count() > 0 ? 1 : 0;
    for (std::size_t i = 0; i < options.pair->turns.size(); ++i) {
        const auto& t = options.pair->turns[i];
        auto& stages = result["targets"][options.targets[t.target].name]["stages"];
        if (before + i < stages.size()) // else the run ended before
            stages[before + i]["turn"] = {{"stage", before + t.stage}, {"number", t.number}};
    }
}

// Its windows that are to be believed count all the same: better than no floor.
void tell_doubts(const std::string& path, const json& result) {
    for (const auto& [name, target] : part_of(result, "targets").items())
        for (const auto& doubt : doubts_about(result, name))
            tell("{}",
                 wrapped("loadgen run:",
                         fmt::format("--noise-floor {}, {}, is not to be believed: {}", path, name, doubt),
                         2));
}

} // namespace

std::vector<comparison> read_noise_floor(const pair_options& pair, const json& config) {
    if (pair.noise_floor.empty())
        return {};
    json result;
    try {
        result = read_result(pair.noise_floor);
    } catch (const std::exception& error) {
        throw std::runtime_error(fmt::format("--noise-floor {}: {}", pair.noise_floor, error.what()));
    }
    const json& found = part_of(result, "paired");
    if (part_of(found, "null") != true)
        throw std::runtime_error(
            fmt::format("--noise-floor {}: no run with --pair and --aa wrote it", pair.noise_floor));
    const auto differ = unlike({{"config", part_of(result, "config")}}, {{"config", config}});
    if (!differ.empty())
        throw std::runtime_error(
            fmt::format("--noise-floor {} is of another load: {}", pair.noise_floor, differ.front()));
    tell_doubts(pair.noise_floor, result);
    return {read_comparison(part_of(found, "comparison"))};
}

comparison add_comparison(json& result, const run_options& options, const std::vector<comparison>& noise) {
    const auto& pair = *options.pair;
    mark_turns(result, options);
    const auto side_of = [&](std::size_t i) {
        const auto& name = options.targets[i].name;
        return side{name, read_stages(result, name)};
    };
    const std::array other{side_of(1)};
    auto found = compare(side_of(0), other, noise).front();
    auto compared = json_of(found);
    if (pair.null)
        compared["text"] = noise_of(found);
    result["paired"] = {{"kind", name_of(pair.kind)},
                        {"null", pair.null},
                        {"window_s", std::chrono::duration<double>(pair.turn_length).count()},
                        {"comparison", std::move(compared)}};
    return found;
}

std::string text_of(const comparison& found, const pair_options& pair) {
    std::string text;
    if (pair.null)
        for (const auto& sentence : noise_of(found))
            text += wrapped(" ", sentence + ".", 2);
    return "\n" + text + text_of(found);
}

} // namespace beastmark::loadgen::paired
