// Puts the threads' blocks together: a row for each second, a record for each stage. Read by the progress
// line, the stop condition, the summary and the result. One thread.
#pragma once

#include "loadgen/buckets.hpp"
#include "loadgen/evidence.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/schedule.hpp"
#include "loadgen/tally.hpp"
#include "loadgen/verdict.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// What is reported of a histogram.
struct latency_figures {
    std::uint64_t count = 0;
    double min_us = 0;
    double mean_us = 0;
    double max_us = 0;
    double p50_us = 0;
    double p75_us = 0;
    double p90_us = 0;
    double p95_us = 0;
    double p99_us = 0;
    double p999_us = 0;
    double p9999_us = 0;
};

latency_figures figures_of(const histogram& h);

/// A second of one target. Arrivals by scheduled time, the rest by the time it happened.
struct row {
    run_time ends{};
    run_time length{};
    std::uint64_t offered = 0;
    std::uint64_t sent = 0;
    std::uint64_t completed = 0;
    std::array<std::uint64_t, outcome_count> outcomes{};
    std::uint64_t skipped_late = 0; // of those skipped: the generator was late
    bool warmup = false;
    std::uint64_t in_flight = 0;
    std::uint64_t connections = 0;
    std::uint64_t waiting = 0;
    latency_figures response;
    std::vector<bucket_total> response_buckets; // for a heat map: some twenty, at most 91
    latency_figures failed;
    latency_figures service;
    latency_figures generator_lag;
    latency_figures connection_wait;
    judgement judged;
    /// ok / (ended + those that joined the queue for a connection in this second): a service that answers
    /// half of what is asked is half available although each answer is fine. 0 when something was offered and
    /// nothing ended; nothing when there was nothing to judge.
    std::optional<double> availability;

    [[nodiscard]] run_time middle() const { return ends - length / 2; }

    [[nodiscard]] std::uint64_t of(outcome what) const { return outcomes[static_cast<std::size_t>(what)]; }

    /// Everything that ended, but for what the end of the run cut off.
    [[nodiscard]] std::uint64_t ended() const;
};

/// All arrivals scheduled in a stage, whenever they ended.
struct stage_record {
    std::uint64_t ok_in_time = 0; // ok answers that arrived while the stage lasted, of whichever arrivals
    tally counts;
    latencies times;
};

class target_record {
public:
    /// @param warmup what is scheduled before it, and the seconds until then, are recorded as stages and rows
    /// but left out of all sums and judgements; ends with a stage.
    /// @param spin the load threads poll.
    /// @param most_connections of -c auto: its bound; else 0.
    target_record(const schedule& arrivals, std::uint32_t threads, run_time warmup = {}, bool spin = false,
                  std::uint64_t most_connections = 0);

    /// The schedule has grown: room for its further stages.
    void extend(const schedule& arrivals) { stages_.resize(arrivals.segments().size()); }

    /// What the machine did in the next second, from the first on: before the blocks of that second.
    void take(const machine_evidence& seen) { machine_.push_back(seen); }

    /// What it did in that second, counted from 0; nothing where it was not told.
    [[nodiscard]] machine_evidence machine_of(std::size_t row) const {
        return row < machine_.size() ? machine_[row] : machine_evidence{};
    }

    /// Hears of each row when it has become the last of rows(), with what was recorded during it.
    using row_listener = std::function<void(const latencies&)>;

    /// Merges a block. Rows become visible once every thread has told its part.
    void take(const report_block& block, const row_listener& heard = {});

    [[nodiscard]] const std::vector<row>& rows() const { return rows_; }

    /// The evidence of each row.
    [[nodiscard]] const std::vector<window_evidence>& windows() const { return windows_; }

    /// Judges the rows whose middle lies in [start, end): a stage's.
    [[nodiscard]] summary_judgement judged_between(run_time start, run_time end) const;

    /// Judges the rows from the warm-up's end on that begin before `end`, when the arrivals ended: all but
    /// what only waited for answers.
    [[nodiscard]] summary_judgement judged_until(run_time end) const;

    /// As judged_until(), with the figures in words.
    [[nodiscard]] std::string headline_until(run_time end) const;

    /// The latencies of the rows that are to be believed.
    [[nodiscard]] const latencies& believable() const { return *believable_; }

    /// All rows that are to be believed as one: their outcomes, availability and response time; of those that
    /// begin before `end`, when the arrivals ended, their length. Nothing in it when none of these is to be
    /// believed.
    [[nodiscard]] row believable_row(run_time end) const;

    /// The most that were up at the end of a second, the warm-up's too.
    [[nodiscard]] std::uint64_t connections_reached() const;

    /// The first stage after the warm-up.
    [[nodiscard]] std::size_t first_stage() const { return first_stage_; }

    [[nodiscard]] const std::vector<stage_record>& stages() const { return stages_; }

    /// Availability over the seconds whose middle lies in [start, end): as a row's, with the queue at both
    /// ends. Nothing when there is no such second, or nothing to judge in it.
    [[nodiscard]] std::optional<double> availability_between(run_time start, run_time end) const;

    /// Of a target with several: of all stages but the warm-up, whose connections count.
    [[nodiscard]] const address_tallies& addresses() const { return addresses_; }

    /// Of a target with several: of all stages but the warm-up.
    [[nodiscard]] const request_tallies& requests() const { return requests_; }

    /// The sum of all stages but the warm-up; valid until the next block is taken. Summed up when it is first
    /// asked for: that takes long beside a second's block.
    [[nodiscard]] const stage_record& total() const;

private:
    struct open_row {
        row sum;
        latencies times;
        thread_evidence worst; // of each kind the worst thread's; retransmitted: all threads'
        std::uint32_t reports = 0;
    };

    /// Rows [first, last) whose middle lies in [start, end).
    struct range {
        std::size_t first = 0;
        std::size_t last = 0;
    };

    void close_rows(const row_listener& heard);
    void judge_row(const open_row& open, row& closed);
    [[nodiscard]] range rows_between(run_time start, run_time end) const;
    [[nodiscard]] range rows_until(run_time end) const;

    std::uint32_t threads_;
    bool closed_loop_;
    bool spin_;
    std::uint64_t most_connections_;
    run_time warmup_;
    std::size_t first_stage_; // after the warm-up
    std::vector<stage_record> stages_;
    address_tallies addresses_;
    request_tallies requests_;
    mutable std::unique_ptr<stage_record> total_; // null: not summed up since the last block
    std::vector<row> rows_;
    std::vector<machine_evidence> machine_;
    std::vector<window_evidence> windows_;
    std::vector<judgement> judgements_; // of windows_
    std::unique_ptr<latencies> believable_ = std::make_unique<latencies>();
    double service_least_us_ = 0; // 0: none yet
    std::map<std::size_t, std::unique_ptr<open_row>> open_;
    std::vector<std::unique_ptr<open_row>> spare_;
    std::vector<std::size_t> last_rows_; // of threads that have ended
};

} // namespace beastmark::loadgen
