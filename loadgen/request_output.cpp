#include "loadgen/request_output.hpp"

#include "loadgen/human_text.hpp"
#include "loadgen/recorder.hpp"
#include "loadgen/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

constexpr std::size_t most_rows = 16;

// Also one that nothing was counted of.
const request_tally& tally_of(const request_tallies& counted, std::size_t index) {
    static const request_tally nothing{};
    return index < counted.all().size() ? counted.all()[index] : nothing;
}

std::string row_text(const std::string& name, const request_tally& t) {
    constexpr std::size_t widest = 22;
    const auto shown = name.size() > widest ? name.substr(0, widest - 3) + "..." : name;
    const auto ended = t.settled();
    auto line =
        fmt::format("  {:<22} {:>9} {:>8}", shown, ended,
                    ended > 0 ? fmt::format("{:.2f} %", 100.0 * static_cast<double>(t.of(outcome::ok)) /
                                                            static_cast<double>(ended))
                              : "-");
    const auto f = figures_of(t.response);
    for (const auto us : {f.p50_us, f.p90_us, f.p99_us, f.p999_us, f.max_us})
        line += fmt::format(" {:>10}", f.count > 0 ? human_us(us) : "-");
    return line + '\n';
}

} // namespace

json requests_json(const request_set& asked, const request_tallies& counted) {
    json list = json::array();
    for (std::uint32_t i = 0; i < asked.size(); ++i) {
        const auto& t = tally_of(counted, i);
        json outcomes = json::object();
        for (std::size_t k = 0; k < outcome_count; ++k)
            if (t.outcomes[k] > 0)
                outcomes[std::string(outcome_names[k])] = t.outcomes[k];
        list.push_back({{"name", asked.name(i)},
                        {"offered", t.settled()},
                        {"sent", t.sent},
                        {"outcomes", std::move(outcomes)},
                        {"response", latency_json(figures_of(t.response))}});
    }
    return list;
}

std::string requests_text(const request_set& asked, const request_tallies& counted) {
    if (!asked.told_apart())
        return {};
    auto text = fmt::format("  {:<22} {:>9} {:>8}", "request", "offered", "ok");
    for (const auto* const name : {"p50", "p90", "p99", "p99.9", "max"})
        text += fmt::format(" {:>10}", name);
    text += '\n';
    const auto shown = std::min(asked.size(), most_rows);
    for (std::uint32_t i = 0; i < shown; ++i)
        text += row_text(asked.name(i), tally_of(counted, i));
    if (asked.size() > shown)
        text += fmt::format("  and {} more, in the report\n", asked.size() - shown);
    return text;
}

json asked_json(const run_options& options) {
    if (options.requests.empty())
        return nullptr;
    json list = json::array();
    for (const auto& r : options.requests) {
        const auto expected = r.expected ? r.expected : options.expected_status;
        list.push_back({{"name", r.name},
                        {"weight", r.weight},
                        {"method", r.method},
                        {"path", r.path},
                        {"expect_status", expected ? json(*expected) : json(nullptr)}});
    }
    return list;
}

json replay_json(const run_options& options) {
    if (!options.replay)
        return nullptr;
    const auto& log = *options.replay;
    return {{"file", log.file},
            {"speed", log.speed},
            {"lines", log.lines},
            {"skipped", log.skipped},
            {"reordered", log.reordered},
            {"distinct", log.distinct},
            {"due_each_second", log.due_each_second}};
}

} // namespace beastmark::loadgen
