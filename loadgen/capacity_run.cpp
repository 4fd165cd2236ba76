#include "loadgen/capacity_run.hpp"

#include <algorithm>
#include <utility>

namespace beastmark::loadgen {

namespace {

using namespace std::chrono_literals;

// Nothing is sent in it, so it may end at any time.
constexpr run_time open_pause = 24h;

// For every thread to hear of the next stage before it begins.
constexpr run_time notice = 300ms;

// Seconds are what is judged: stages begin and end with them.
run_time whole_seconds(run_time t) {
    return std::chrono::ceil<std::chrono::seconds>(t);
}

} // namespace

capacity_run::capacity_run(capacity_settings how) : how_(std::move(how)), search_(how_.search) {
    append_probe();
}

void capacity_run::append_probe() {
    const auto& next = *search_.next();
    stages_.push_back({stage_kind::hold, how_.probe * next.length, next.rate, next.rate, 1});
    stages_.push_back({stage_kind::hold, open_pause, 0, 0, 1});
    queue_given_up_ = false;
}

run_time capacity_run::probe_end() const {
    return probe_start_ + probe().duration;
}

void capacity_run::cut(run_time end) {
    if (!over_)
        stages_.back().duration = std::max(end - probe_end(), run_time{});
}

std::optional<schedule> capacity_run::more(const run_record& record, run_time now) {
    const auto& rows = record.targets.front().rows();
    const auto settled = probe_end() + how_.settle;
    if (over_ || rows.empty() || rows.back().ends < settled)
        return std::nullopt;
    const auto& last = rows.back();
    if (last.waiting > 0 && !queue_given_up_) { // the same once more: what waits is given up
        queue_given_up_ = true;
        return schedule(stages_, how_.arrivals);
    }
    if (last.in_flight > 0 && last.ends < settled + whole_seconds(record.what.timeout) + 1s)
        return std::nullopt;

    probes_.push_back(look_at_probe(record, stages_.size() - 2, how_.objectives));
    search_.tell(probes_.back().outcome);
    const auto next_start = whole_seconds(now + notice);
    stages_.back().duration = next_start - probe_end();
    probe_start_ = next_start;
    if (search_.next())
        append_probe();
    else
        over_ = true;
    return schedule(stages_, how_.arrivals);
}

} // namespace beastmark::loadgen
