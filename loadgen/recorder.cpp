#include "loadgen/recorder.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace beastmark::loadgen {

namespace {

std::optional<double> availability_of(std::uint64_t ok, std::uint64_t ended, std::uint64_t waited_before,
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

target_record::target_record(const schedule& arrivals, std::uint32_t threads, run_time warmup, bool spin,
                             std::uint64_t most_connections)
    : threads_(threads),
      closed_loop_(arrivals.closed_loop()),
      spin_(spin),
      most_connections_(most_connections),
      warmup_(warmup),
      first_stage_(warmup.count() > 0 ? arrivals.segment_at(warmup) : 0),
      stages_(arrivals.segments().size()) {}

std::uint64_t target_record::connections_reached() const {
    std::uint64_t most = 0;
    for (const auto& r : rows_)
        most = std::max(most, r.connections);
    return most;
}

void target_record::take(const report_block& block, const row_listener& heard) {
    total_.reset();
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
    auto& worst = open->worst;
    worst.cpu = std::max(worst.cpu, block.evidence.cpu);
    worst.run_delay = std::max(worst.run_delay, block.evidence.run_delay);
    worst.stall = std::max(worst.stall, block.evidence.stall);
    worst.retransmitted += block.evidence.retransmitted;
    for (std::size_t i = 0; i < block.counts->size(); ++i) {
        const auto& part = (*block.counts)[i];
        auto& stage = stages_[part.segment];
        stage.ok_in_time += part.ok_in_time;
        stage.counts.merge(part.counts);
        stage.times.merge(part.times);
        open->times.merge(part.times);
        addresses_.merge(part.addresses, part.segment >= first_stage_);
        if (part.segment >= first_stage_)
            requests_.merge(part.requests);
        sum.offered += part.counts.offered;
        sum.sent += part.counts.sent;
        sum.completed += part.counts.completed;
        sum.skipped_late += part.counts.skipped_late;
        for (std::size_t k = 0; k < outcome_count; ++k)
            sum.outcomes[k] += part.counts.outcomes[k];
    }
    if (block.last)
        last_rows_.push_back(block.row);
    close_rows(heard);
}

void target_record::close_rows(const row_listener& heard) {
    while (!open_.empty()) {
        const auto& [index, open] = *open_.begin();
        const auto gone = std::count_if(last_rows_.begin(), last_rows_.end(),
                                        [wanted = index](std::size_t last) { return last < wanted; });
        if (index != rows_.size() || open->reports + static_cast<std::uint32_t>(gone) < threads_)
            return;
        auto closed = open->sum;
        if (!rows_.empty()) // a thread that stood still may end its row after another ended the next
            closed.ends = std::max(closed.ends, rows_.back().ends);
        closed.length = closed.ends - (rows_.empty() ? run_time{} : rows_.back().ends);
        closed.warmup = closed.middle() < warmup_;
        closed.response = figures_of(open->times.response);
        closed.response_buckets = tenths_of_decades(open->times.response);
        closed.failed = figures_of(open->times.failed);
        closed.service = figures_of(open->times.service);
        closed.generator_lag = figures_of(open->times.generator_lag);
        closed.connection_wait = figures_of(open->times.connection_wait);
        closed.availability = availability_of(closed.of(outcome::ok), closed.ended(),
                                              rows_.empty() ? 0 : rows_.back().waiting, closed.waiting);
        if (!closed.availability && closed.offered > 0)
            closed.availability = 0;
        judge_row(*open, closed);
        rows_.push_back(std::move(closed));
        if (heard)
            heard(open->times);
        open->sum = {};
        open->worst = {};
        open->times.reset();
        open->reports = 0;
        auto node = open_.extract(open_.begin());
        spare_.push_back(std::move(node.mapped()));
    }
}

void target_record::judge_row(const open_row& open, row& closed) {
    const auto seconds = std::chrono::duration<double>(closed.length).count();
    const auto share = [&](std::chrono::nanoseconds t) {
        return seconds > 0 ? std::chrono::duration<double>(t).count() / seconds : 0.0;
    };
    if (closed.service.count > 0 && (service_least_us_ == 0 || closed.service.min_us < service_least_us_))
        service_least_us_ = closed.service.min_us;
    window_evidence w;
    w.length_s = seconds;
    w.closed_loop = closed_loop_;
    w.spin = spin_;
    w.offered = closed.offered;
    w.sent = closed.sent;
    w.ok = closed.of(outcome::ok);
    w.skipped = closed.of(outcome::skipped);
    w.skipped_late = closed.skipped_late;
    w.failed = closed.ended() - w.ok - w.skipped;
    w.timeouts = closed.of(outcome::timeout);
    w.connections = closed.connections;
    w.most_connections = most_connections_;
    w.waiting_before = rows_.empty() ? 0 : rows_.back().waiting;
    w.waiting_after = closed.waiting;
    w.response_p50_us = closed.response.p50_us;
    w.response_p99_us = closed.response.p99_us;
    w.service_p50_us = closed.service.p50_us;
    w.service_p99_us = closed.service.p99_us;
    w.service_least_us = service_least_us_;
    w.generator_lag_p50_us = closed.generator_lag.p50_us;
    w.generator_lag_p99_us = closed.generator_lag.p99_us;
    w.generator_lag_max_us = closed.generator_lag.max_us;
    w.connection_wait_p50_us = closed.connection_wait.p50_us;
    w.connection_wait_p99_us = closed.connection_wait.p99_us;
    w.stall_max_us = std::chrono::duration<double, std::micro>(open.worst.stall).count();
    w.thread_cpu_share = share(open.worst.cpu);
    w.run_delay_share = share(open.worst.run_delay);
    w.retransmitted = open.worst.retransmitted;
    w.machine = machine_of(windows_.size());
    windows_.push_back(w);
    closed.judged = judge(windows_, windows_.size() - 1);
    judgements_.push_back(closed.judged);
    if (loadgen::believable(closed.judged.is) && !closed.warmup)
        believable_->merge(open.times);
}

target_record::range target_record::rows_between(run_time start, run_time end) const {
    const auto place = [&](run_time t) {
        const auto at =
            std::partition_point(rows_.begin(), rows_.end(), [&](const row& r) { return r.middle() < t; });
        return static_cast<std::size_t>(at - rows_.begin());
    };
    return {place(start), place(end)};
}

summary_judgement target_record::judged_between(run_time start, run_time end) const {
    const auto [first, last] = rows_between(start, end);
    return judge_all(std::span(windows_).subspan(first, last - first),
                     std::span(judgements_).subspan(first, last - first));
}

target_record::range target_record::rows_until(run_time end) const {
    const auto at = std::partition_point(rows_.begin(), rows_.end(),
                                         [&](const row& r) { return r.ends - r.length < end; });
    const auto first = rows_between(warmup_, warmup_).first;
    return {first, std::max(first, static_cast<std::size_t>(at - rows_.begin()))};
}

summary_judgement target_record::judged_until(run_time end) const {
    const auto [first, last] = rows_until(end);
    return judge_all(std::span(windows_).subspan(first, last - first),
                     std::span(judgements_).subspan(first, last - first));
}

std::string target_record::headline_until(run_time end) const {
    const auto [first, last] = rows_until(end);
    return headline(judged_until(end), std::span(windows_).subspan(first, last - first));
}

row target_record::believable_row(run_time end) const {
    row sum;
    std::uint64_t joined = 0; // the queue for a connection, and left it unserved
    const auto [first, measured] = rows_until(end);
    for (auto i = first; i < rows_.size(); ++i) {
        if (!loadgen::believable(rows_[i].judged.is))
            continue;
        // A stretch of them: what queued in one second and was served in the next is no failure.
        const auto before = i == 0 ? 0 : rows_[i - 1].waiting;
        for (; i < rows_.size() && loadgen::believable(rows_[i].judged.is); ++i) {
            const auto& r = rows_[i];
            sum.length += i < measured ? r.length : run_time{};
            sum.offered += r.offered;
            for (std::size_t k = 0; k < outcome_count; ++k)
                sum.outcomes[k] += r.outcomes[k];
        }
        const auto after = rows_[i - 1].waiting;
        joined += after > before ? after - before : 0;
    }
    if (sum.length.count() == 0)
        return {};
    sum.response = figures_of(believable_->response);
    sum.availability = availability_of(sum.of(outcome::ok), sum.ended(), 0, joined);
    return sum;
}

std::optional<double> target_record::availability_between(run_time start, run_time end) const {
    const auto [first, last] = rows_between(start, end);
    std::uint64_t ok = 0;
    std::uint64_t ended = 0;
    for (auto i = first; i < last; ++i) {
        ok += rows_[i].of(outcome::ok);
        ended += rows_[i].ended();
    }
    return availability_of(ok, ended, first == 0 ? 0 : rows_[first - 1].waiting,
                           last == 0 ? 0 : rows_[last - 1].waiting);
}

const stage_record& target_record::total() const {
    if (total_)
        return *total_;
    total_ = std::make_unique<stage_record>();
    for (const auto& stage : std::span(stages_).subspan(first_stage_)) {
        total_->ok_in_time += stage.ok_in_time;
        total_->counts.merge(stage.counts);
        total_->times.merge(stage.times);
    }
    return *total_;
}

} // namespace beastmark::loadgen
