#include "loadgen/rate_probe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace beastmark::loadgen {

namespace {

// Of what arrives. Less is not told from chance in a few seconds.
constexpr double least_growth = 0.002;
constexpr double least_grown = 10;

std::vector<slo_result> judge_all(std::span<const condition> objectives, const std::string& target,
                                  const row& figures, run_time timeout) {
    std::vector<slo_result> results;
    for (const auto& c : objectives)
        results.push_back(judge_slo(c, target, figures, timeout));
    return results;
}

bool all_kept(std::span<const slo_result> results) {
    return std::all_of(results.begin(), results.end(), [](const auto& r) { return r.pass; });
}

// All arrivals of a stage as one row.
row row_of(const stage_record& stage, run_time length) {
    row sum;
    sum.length = length;
    sum.offered = stage.counts.offered;
    sum.outcomes = stage.counts.outcomes;
    sum.response = figures_of(stage.times.response);
    sum.availability = stage.counts.availability();
    return sum;
}

std::size_t seconds_missed(const probe_evidence& seen) {
    return static_cast<std::size_t>(
        std::count_if(seen.seconds.begin(), seen.seconds.end(), [](const auto& s) { return !s.kept; }));
}

std::string describe(const slo_result& r) {
    return fmt::format("{} {}{}", name_of(r.what), r.value ? text_of(r.what, *r.value) : "unknown",
                       r.censored ? "+" : "");
}

std::string reason(const rate_probe& probe, const probe_evidence& seen) {
    if (probe.outcome == probe_outcome::held)
        return {};
    if (seen.kept)
        return "its queue grows";
    std::vector<std::string> missed;
    for (const auto& r : probe.objectives)
        if (!r.pass)
            missed.push_back(describe(r));
    auto text = fmt::format("{}", fmt::join(missed, ", "));
    if (probe.outcome == probe_outcome::inconclusive)
        text += fmt::format(", missed in {} of {} s", seconds_missed(seen), seen.seconds.size());
    return text;
}

} // namespace

bool queue_grows(std::span<const probe_evidence::second> seconds) {
    if (seconds.size() < 2)
        return false;
    double offered = 0;
    for (std::size_t i = 1; i < seconds.size(); ++i) {
        if (seconds[i].backlog < seconds[i - 1].backlog)
            return false;
        offered += static_cast<double>(seconds[i].offered);
    }
    const auto grown = static_cast<double>(seconds.back().backlog - seconds.front().backlog);
    return grown > std::max(least_grown, least_growth * offered);
}

probe_outcome judge_probe(const probe_evidence& seen) {
    const bool grows = queue_grows(seen.seconds);
    if (seen.kept && !grows) // whatever was late is in the figures: they would only be better without it
        return probe_outcome::held;
    if (!seen.believable)
        return seen.is == verdict::generator_limited ? probe_outcome::generator_limited
                                                     : probe_outcome::disturbed;
    if (seen.kept)
        return probe_outcome::inconclusive;
    return grows || 2 * seconds_missed(seen) >= seen.seconds.size() ? probe_outcome::missed
                                                                    : probe_outcome::inconclusive;
}

rate_probe look_at_probe(const run_record& record, std::size_t stage, std::span<const condition> objectives) {
    const auto& what = record.what;
    const auto& segment = what.arrivals.segments()[stage];
    const auto& target = record.targets.front();
    const auto& name = what.targets.front().name;
    rate_probe probe{.stage = stage,
                     .rate = segment.from_rps,
                     .start = segment.start,
                     .length = segment.end - segment.start};
    probe.objectives =
        judge_all(objectives, name, row_of(target.stages()[stage], probe.length), what.timeout);

    const auto judged = target.judged_between(segment.start, segment.end);
    probe_evidence seen{
        .believable = judged.believable(), .is = judged.what.is, .kept = all_kept(probe.objectives)};
    std::size_t first = 0;
    for (const auto& r : target.rows()) {
        first += r.middle() < segment.start ? 1 : 0;
        if (r.middle() < segment.start || r.middle() >= segment.end)
            continue;
        seen.seconds.push_back(
            {all_kept(judge_all(objectives, name, r, what.timeout)), r.in_flight + r.waiting, r.offered});
    }
    probe.outcome = judge_probe(seen);
    probe.why = seen.believable || judged.measured_s <= 0 || probe.outcome == probe_outcome::held
                    ? reason(probe, seen)
                    : explain(judged.what, target.windows()[first + judged.worst]);
    return probe;
}

} // namespace beastmark::loadgen
