// The run of a capacity search: a probe is a stage, followed by a pause without requests in which what is
// left of it ends and its outcome decides the next. All on the same connections.
#pragma once

#include "loadgen/capacity_search.hpp"
#include "loadgen/rate_probe.hpp"
#include "loadgen/schedule.hpp"

#include <optional>
#include <vector>

namespace beastmark::loadgen {

struct capacity_settings {
    capacity_search::settings search{};
    std::vector<condition> objectives{};
    run_time probe = std::chrono::seconds(5);  // how long a rate is held; whole seconds, 2 at least
    run_time settle = std::chrono::seconds(1); // how long nothing is sent after it, at least; whole seconds
    arrival_options arrivals{};
};

/// Used on the run's calling thread.
class capacity_run {
public:
    explicit capacity_run(capacity_settings how);

    /// What the run begins with; in the end, all of it. Each is a hold, so that a stage has the index of its
    /// segment.
    [[nodiscard]] const std::vector<stage>& stages() const { return stages_; }

    /// The pause that was under way when a run was cut short ends there.
    void cut(run_time end);

    /// The probe under way, or the last one.
    [[nodiscard]] const stage& probe() const { return stages_[stages_.size() - 2]; }

    [[nodiscard]] bool over() const { return over_; }

    /// A schedule_source for run().
    std::optional<schedule> more(const run_record& record, run_time now);

    [[nodiscard]] const std::vector<rate_probe>& probes() const { return probes_; }

    [[nodiscard]] capacity_answer answer() const { return search_.answer(); }

    [[nodiscard]] const capacity_settings& how() const { return how_; }

private:
    void append_probe();
    [[nodiscard]] run_time probe_end() const;

    capacity_settings how_;
    capacity_search search_;
    std::vector<stage> stages_; // the last one is the pause, until the end of which is known
    std::vector<rate_probe> probes_;
    run_time probe_start_{};
    bool queue_given_up_ = false;
    bool over_ = false;
};

} // namespace beastmark::loadgen
