#include "loadgen/address_output.hpp"

#include "loadgen/address_findings.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/result.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

constexpr std::size_t most_rows = 16;

json number_or_null(const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
}

json address_json(const address_figures& a) {
    const auto& t = *a.counts;
    json outcomes = json::object();
    for (std::size_t i = 0; i < outcome_count; ++i)
        if (t.outcomes[i] > 0)
            outcomes[std::string(outcome_names[i])] = t.outcomes[i];
    json errors = json::object();
    for (const auto& e : t.not_opened) {
        auto& count = errors[describe(e.where, e.code)];
        count = (count.is_null() ? 0 : count.get<std::uint64_t>()) + e.count;
    }
    return {{"address", a.text},
            {"connections_opened", t.opened},
            {"attempts_failed", t.attempts_failed()},
            {"errors", std::move(errors)},
            {"answered", t.answered()},
            {"share", a.share},
            {"outcomes", std::move(outcomes)},
            {"response", latency_json(a.response)}};
}

std::string row_text(const address_figures& a) {
    auto line = fmt::format("  {:<22} {:>9} {:>6.2f} %", a.text, a.counts->answered(), 100 * a.share);
    const auto& f = a.response;
    for (const auto us : {f.p50_us, f.p90_us, f.p99_us, f.p999_us, f.max_us})
        line += fmt::format(" {:>10}", f.count > 0 ? human_us(us) : "-");
    return line + '\n';
}

} // namespace

json addresses_json(const address_tallies& all) {
    const auto judged = judge_addresses(all);
    if (judged.addresses.empty())
        return nullptr;
    json list = json::array();
    for (const auto& a : judged.addresses)
        list.push_back(address_json(a));
    json findings = json::array();
    for (const auto& f : judged.findings)
        findings.push_back({{"address", f.address}, {"kind", f.kind}, {"text", f.text}});
    return {{"list", std::move(list)},
            {"imbalance",
             {{"share_of_fair", number_or_null(judged.share_of_fair)},
              {"p99_of_median", number_or_null(judged.p99_of_median)}}},
            {"findings", std::move(findings)}};
}

std::string addresses_text(const address_tallies& all) {
    const auto judged = judge_addresses(all);
    if (judged.considered < 2)
        return {};
    auto text = fmt::format("  {:<22} {:>9} {:>8}", "address", "answered", "share");
    for (const auto* const name : {"p50", "p90", "p99", "p99.9", "max"})
        text += fmt::format(" {:>10}", name);
    text += '\n';
    const auto shown = std::min(judged.addresses.size(), most_rows);
    for (std::size_t i = 0; i < shown; ++i)
        text += row_text(judged.addresses[i]);
    if (judged.addresses.size() > shown)
        text += fmt::format("  and {} more, in the report\n", judged.addresses.size() - shown);
    for (std::size_t i = 0; i < std::min(judged.findings.size(), most_rows); ++i)
        text += wrapped("  !", judged.findings[i].text, 4);
    if (judged.findings.size() > most_rows)
        text += fmt::format("  ! and {} more that stand out\n", judged.findings.size() - most_rows);
    return text;
}

} // namespace beastmark::loadgen
