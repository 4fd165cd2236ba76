#include "loadgen/recorder.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {

namespace {

std::optional<double> judge(std::uint64_t ok, std::uint64_t ended, std::uint64_t waited_before,
                            std::uint64_t waits_after) {
    const auto judged = ended + (waits_after > waited_before ? waits_after - waited_before : 0);
    if (judged == 0)
        return std::nullopt;
    return static_cast<double>(ok) / static_cast<double>(judged);
}

} // namespace

latency_figures figures_of(const histogram& h) {
    const auto us = [&](double percentile) {
        return static_cast<double>(h.value_at_percentile(percentile).count()) / 1000.0;
    };
    latency_figures f;
    f.count = h.count();
    f.min_us = static_cast<double>(h.min().count()) / 1000.0;
    f.mean_us = h.mean_ns() / 1000.0;
    f.max_us = static_cast<double>(h.max().count()) / 1000.0;
    f.p50_us = us(50);
    f.p75_us = us(75);
    f.p90_us = us(90);
    f.p95_us = us(95);
    f.p99_us = us(99);
    f.p999_us = us(99.9);
    f.p9999_us = us(99.99);
    return f;
}

std::uint64_t row::ended() const {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0}) - of(outcome::unfinished);
}

target_record::target_record(const schedule& arrivals, std::uint32_t threads)
    : threads_(threads), stages_(arrivals.segments().size()) {}

void target_record::take(const report_block& block) {
    auto& open = open_[block.row];
    if (!open) {
        if (spare_.empty()) {
            open = std::make_unique<open_row>();
        } else {
            open = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    ++open->reports;
    auto& sum = open->sum;
    sum.ends = std::max(sum.ends, block.ends);
    sum.in_flight += block.in_flight;
    sum.connections += block.connections;
    sum.waiting += block.waiting;
    for (std::size_t i = 0; i < block.counts->size(); ++i) {
        const auto& part = (*block.counts)[i];
        auto& stage = stages_[part.segment];
        stage.ok_in_time += part.ok_in_time;
        stage.counts.merge(part.counts);
        stage.times.merge(part.times);
        open->times.merge(part.times);
        sum.offered += part.counts.offered;
        sum.sent += part.counts.sent;
        sum.completed += part.counts.completed;
        for (std::size_t k = 0; k < outcome_count; ++k)
            sum.outcomes[k] += part.counts.outcomes[k];
    }
    if (block.last)
        last_rows_.push_back(block.row);
    close_rows();
}

void target_record::close_rows() {
    while (!open_.empty()) {
        const auto& [index, open] = *open_.begin();
        const auto gone = std::count_if(last_rows_.begin(), last_rows_.end(),
                                        [wanted = index](std::size_t last) { return last < wanted; });
        if (index != rows_.size() || open->reports + static_cast<std::uint32_t>(gone) < threads_)
            return;
        auto closed = open->sum;
        closed.length = closed.ends - (rows_.empty() ? run_time{} : rows_.back().ends);
        closed.response = figures_of(open->times.response);
        closed.service = figures_of(open->times.service);
        closed.availability = judge(closed.of(outcome::ok), closed.ended(),
                                    rows_.empty() ? 0 : rows_.back().waiting, closed.waiting);
        if (!closed.availability && closed.offered > 0)
            closed.availability = 0;
        rows_.push_back(closed);
        open->sum = {};
        open->times.reset();
        open->reports = 0;
        auto node = open_.extract(open_.begin());
        spare_.push_back(std::move(node.mapped()));
    }
}

std::optional<double> target_record::availability_between(run_time start, run_time end) const {
    std::uint64_t ok = 0;
    std::uint64_t ended = 0;
    std::uint64_t waiting = 0; // at the end of the row before
    std::uint64_t waited_before = 0;
    std::uint64_t waits_after = 0;
    bool inside = false;
    for (const auto& r : rows_) {
        const auto middle = r.ends - r.length / 2;
        if (middle >= start && middle < end) {
            if (!inside)
                waited_before = waiting;
            inside = true;
            ok += r.of(outcome::ok);
            ended += r.ended();
            waits_after = r.waiting;
        }
        waiting = r.waiting;
    }
    return judge(ok, ended, waited_before, waits_after);
}

std::unique_ptr<stage_record> target_record::total() const {
    auto sum = std::make_unique<stage_record>();
    for (const auto& stage : stages_) {
        sum->ok_in_time += stage.ok_in_time;
        sum->counts.merge(stage.counts);
        sum->times.merge(stage.times);
    }
    return sum;
}

} // namespace beastmark::loadgen
