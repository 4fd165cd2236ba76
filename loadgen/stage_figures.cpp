#include "loadgen/stage_figures.hpp"

#include <algorithm>

namespace beastmark::loadgen {

std::vector<stage_figures> stage_figures_of(const run_record& record, std::size_t target) {
    std::vector<stage_figures> all;
    const auto& seen = record.targets[target];
    const auto segments = arrivals_of(record.what, target).segments();
    for (std::size_t i = 0; i < segments.size() && segments[i].start < record.duration; ++i) {
        const auto& stage = seen.stages()[i];
        auto& one = all.emplace_back();
        one.index = i;
        one.where = segments[i];
        one.end = std::min(segments[i].end, record.duration);
        one.warmup = segments[i].end <= record.what.warmup;
        one.complete = record.duration >= segments[i].end;
        const auto judged = seen.judged_between(segments[i].start, one.end);
        // A stage shorter than a second may hold the middle of none: nothing is said of it then.
        one.believable = !(judged.measured_s > 0) || judged.believable();
        one.figures.ends = one.end;
        one.figures.length = one.end - segments[i].start;
        one.figures.offered = stage.counts.offered;
        one.figures.outcomes = stage.counts.outcomes;
        one.figures.outcomes[static_cast<std::size_t>(outcome::ok)] = stage.ok_in_time;
        one.figures.response = figures_of(stage.times.response);
        one.figures.availability = seen.availability_between(segments[i].start, segments[i].end);
        if (!one.figures.availability)
            one.figures.availability = stage.counts.availability();
    }
    return all;
}

} // namespace beastmark::loadgen
