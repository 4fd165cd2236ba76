// What a run tells Prometheus while it goes on (docs/design.md section 3, row loadgen). The run's control
// thread renews a snapshot when a second closes, whoever scrapes gets the last one: the load threads know
// nothing of it and nothing is done for a request.
#pragma once

#include "loadgen/duration_buckets.hpp"
#include "loadgen/request_series.hpp"
#include "loadgen/run.hpp"
#include "loadgen/verdict.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

class live_metrics final : public prometheus::Collectable {
public:
    /// All series are there, at 0. A warm-up is told like the rest: its requests are sent, too.
    /// @param method of the requests; one that is not of RFC 9110 or PATCH is told as _OTHER.
    live_metrics(const plan& what, std::string_view method);

    // Called by one thread, the run's control.

    /// Renews the snapshot when a second of a target has closed since the last call; else it costs nothing.
    void tick(const run_record& record, run_time now);

    /// The run is over: the totals are those of result.json and of the warm-up; nothing is offered, in flight
    /// or connected.
    void finish(const run_record& record);

    // Called by any thread.

    /// How far this shard's clock is ahead of shard 0's.
    void set_skew(double seconds) noexcept { skew_s_ = seconds; }

    std::vector<prometheus::MetricFamily> Collect() const override; // NOLINT(readability-identifier-naming)

private:
    struct shown_target {
        bucket_counts ok;
        bucket_counts timed_out;
        bucket_counts failed;
        bucket_counts service;
        bucket_counts generator_lag;
        bucket_counts connection_wait;
        std::vector<std::uint64_t> requests; // as series_
        double offered_rps = 0;
        std::uint64_t busy = 0;
        std::uint64_t idle = 0;
        std::uint64_t down = 0;
        std::optional<verdict> window;
        std::size_t stage = 0;
    };

    using snapshot = std::vector<shown_target>; // in the order of names_

    // What is kept from one snapshot to the next.
    struct growing {
        duration_buckets response;
        duration_buckets timed_out;
        duration_buckets failed;
        duration_buckets service;
        duration_buckets generator_lag;
        duration_buckets connection_wait;
        double ok_sum_ns = 0;

        growing();
    };

    void take_totals(std::span<const stage_record> stages, growing& into, shown_target& shown) const;
    void show(snapshot fresh);
    void add_histograms(const snapshot& now, std::vector<prometheus::MetricFamily>& families) const;
    void add_gauges(const snapshot& now, std::vector<prometheus::MetricFamily>& families) const;

    std::vector<std::string> names_; // of the targets
    std::string method_;
    std::uint32_t connections_; // of each target; 0: as many as are up
    request_series_list series_;
    bool closed_loop_;
    std::vector<growing> growing_;
    std::size_t rows_seen_ = 0;
    std::atomic<double> skew_s_{0};

    mutable std::mutex mutex_; // of shown_, held for the copy of a pointer
    std::shared_ptr<const snapshot> shown_;
};

} // namespace beastmark::loadgen
