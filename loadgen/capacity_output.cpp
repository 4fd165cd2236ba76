#include "loadgen/capacity_output.hpp"

#include "common/duration.hpp"
#include "loadgen/grouped.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

std::string rate_text(double rps) {
    return grouped(static_cast<std::uint64_t>(std::llround(rps)));
}

std::string objectives_text(const capacity_run& search) {
    std::vector<std::string> all;
    for (const auto& c : search.how().objectives)
        all.push_back(c.text);
    return fmt::format("{}", fmt::join(all, " && "));
}

std::string reason_of_last(const capacity_run& search, probe_outcome what) {
    const auto& probes = search.probes();
    for (auto i = probes.size(); i-- > 0;)
        if (probes[i].outcome == what)
            return fmt::format(" ({}/s: {})", rate_text(probes[i].rate), probes[i].why);
    return {};
}

std::string answered(const capacity_run& search, const capacity_answer& found) {
    const auto objectives = objectives_text(search);
    switch (found.kind) {
    case capacity_kind::found:
        return fmt::format("capacity {} with {}", interval_text(found), objectives);
    case capacity_kind::at_least:
        return fmt::format(
            "capacity {} with {}: {}", interval_text(found), objectives,
            asked_above_text(search.probes(), found.low * (1 + search.how().search.precision)));
    case capacity_kind::below:
        return fmt::format("capacity below {}/s, the lowest rate asked, with {}{}: give a lower --range",
                           rate_text(search.how().search.low), objectives,
                           reason_of_last(search, probe_outcome::missed));
    case capacity_kind::generator_limited:
        return fmt::format("generator-limited at {}{}: the service may take more", interval_text(found),
                           reason_of_last(search, probe_outcome::generator_limited));
    case capacity_kind::disturbed:
        return fmt::format("NOT TO BE BELIEVED: twenty probes in a row were disturbed{}: quieten the machine",
                           reason_of_last(search, probe_outcome::disturbed));
    case capacity_kind::unknown:
        break;
    }
    return "no answer: no probe has come to its end";
}

json finite_or_null(double value) {
    return std::isfinite(value) && value > 0 ? json(value) : json(nullptr);
}

json probe_json(const rate_probe& probe) {
    json figures = json::object();
    for (const auto& r : probe.objectives)
        figures[r.text] = {{"metric", name_of(r.what)},
                           {"value", r.value ? json(*r.value) : json(nullptr)},
                           {"censored", r.censored},
                           {"pass", r.pass}};
    return {{"stage", probe.stage},
            {"rate_rps", probe.rate},
            {"start_s", in_seconds(probe.start)},
            {"duration_s", in_seconds(probe.length)},
            {"outcome", name_of(probe.outcome)},
            {"why", probe.why},
            {"objectives", std::move(figures)}};
}

} // namespace

std::string probe_text(const rate_probe& probe, std::size_t number) {
    auto text = fmt::format("probe {:<3} {:>9}/s for {:<4}", number, rate_text(probe.rate),
                            format_duration(probe.length));
    for (const auto& r : probe.objectives)
        text += fmt::format("  {} {}{}{}", name_of(r.what), r.value ? text_of(r.what, *r.value) : "-",
                            r.censored ? "+" : "", note_of_few(r));
    text += fmt::format("  {}", name_of(probe.outcome));
    // What was missed stands there already.
    const bool told = probe.outcome == probe_outcome::missed || probe.why.empty();
    return told ? text : text + ": " + probe.why;
}

std::string asked_above_text(std::span<const rate_probe> probes, double rate) {
    for (auto i = probes.size(); i-- > 0;)
        if (probes[i].rate > rate)
            return fmt::format("at {}/s, which was asked, too, it is not known ({})",
                               rate_text(probes[i].rate), name_of(probes[i].outcome));
    return "nothing higher was asked";
}

std::string interval_text(const capacity_answer& found) {
    if (std::isinf(found.high))
        return found.low > 0 ? fmt::format("at least {}/s", rate_text(found.low)) : "not known yet";
    if (found.low <= 0)
        return fmt::format("at most {}/s", rate_text(found.high));
    return fmt::format("{} to {}/s", rate_text(found.low), rate_text(found.high));
}

std::string answer_text(const capacity_run& search, bool interrupted) {
    const auto found = search.answer();
    auto text = answered(search, found);
    if (interrupted)
        return fmt::format("PARTIAL, interrupted after {} probes: {}", search.probes().size(), text);
    const bool wide = found.kind == capacity_kind::found || found.kind == capacity_kind::generator_limited ||
                      found.kind == capacity_kind::at_least;
    if (wide && !found.precise)
        text += fmt::format("; wider than --precision asks after {} probes: give more (--max-probes), or "
                            "longer ones (--probe-duration)",
                            search.probes().size());
    return text;
}

json capacity_json(const capacity_run& search, bool interrupted) {
    const auto found = search.answer();
    const auto& how = search.how();
    json objectives = json::array();
    for (const auto& c : how.objectives)
        objectives.push_back({{"slo", c.text}, {"metric", name_of(c.left.what)}, {"bound", c.bound}});
    json probes = json::array();
    for (const auto& p : search.probes())
        probes.push_back(probe_json(p));
    return {{"answer", name_of(found.kind)},
            {"interrupted", interrupted},
            {"precise", found.precise},
            {"low_rps", finite_or_null(found.low)},
            {"high_rps", finite_or_null(found.high)},
            {"likeliest_rps", finite_or_null(found.likeliest)},
            {"confidence", 0.95},
            {"text", answer_text(search, interrupted)},
            {"objectives", std::move(objectives)},
            {"range_rps", {how.search.low, how.search.high}},
            {"precision", how.search.precision},
            {"max_probes", how.search.most_probes},
            {"probe_s", in_seconds(how.probe)},
            {"settle_s", in_seconds(how.settle)},
            {"probes", std::move(probes)}};
}

} // namespace beastmark::loadgen
