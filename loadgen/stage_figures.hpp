// Each stage of a run as one row: what an objective, an efficiency and the way down of a ramp are judged by.
#pragma once

#include "loadgen/run.hpp"

#include <cstddef>
#include <vector>

namespace beastmark::loadgen {

struct stage_figures {
    std::size_t index = 0; // among the schedule's segments
    segment where{};
    run_time end{}; // of the part that was run
    bool warmup = false;
    bool complete = true;
    bool believable = true;
    /// As result.json has them: response times and outcomes of the arrivals scheduled in it, but of `ok` the
    /// answers that came while it lasted; availability over its seconds.
    row figures;

    /// One rate all the time.
    [[nodiscard]] bool holds() const {
        return where.kind == segment_kind::hold || where.kind == segment_kind::step;
    }

    [[nodiscard]] double length_s() const { return std::chrono::duration<double>(end - where.start).count(); }

    [[nodiscard]] double achieved_rps() const {
        return length_s() > 0 ? static_cast<double>(figures.of(outcome::ok)) / length_s() : 0.0;
    }
};

/// Those that were begun.
std::vector<stage_figures> stage_figures_of(const run_record& record, std::size_t target);

} // namespace beastmark::loadgen
