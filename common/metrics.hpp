// Counters for the hot path: one thread writes, any thread reads, no lock and no locked instruction.
//
// A core owns its counters; the admin thread sums the cores when Prometheus scrapes (add_to below). An update
// is a relaxed load and a relaxed store, which the compiler makes a plain add.
#pragma once

#include <prometheus/client_metric.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

namespace beastmark {

/// A count that only grows. One writer, any reader.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.store(value() + n, std::memory_order_relaxed); }

    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A level that rises and falls. One writer, any reader.
class gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }

    void add(std::int64_t n) noexcept { set(value() + n); }

    [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Upper bounds of a Prometheus histogram in nanoseconds, 20 to a decade up to 10 s.
std::span<const std::uint64_t> bounds_from_100us();
std::span<const std::uint64_t> bounds_from_10us();

/// Upper bounds for counts of things: the powers of two up to 1024.
std::span<const std::uint64_t> bounds_of_sizes();

/// A histogram with Prometheus' classic buckets. One writer, any reader.
class bucket_histogram {
public:
    /// @param bounds upper bounds, ascending, inclusive as Prometheus' `le`; must outlive the histogram.
    /// @param unit what is recorded for one of what is exported.
    bucket_histogram(std::span<const std::uint64_t> bounds, double unit);

    /// O(log bounds), no allocation.
    void record(std::uint64_t value) noexcept;

    /// Adds this histogram's counts to a Prometheus histogram of the same bounds (empty: it is given the
    /// bounds). The total count is derived from the buckets, so that it always equals the +Inf bucket.
    void add_to(prometheus::ClientMetric::Histogram& sum) const;

    [[nodiscard]] std::uint64_t count() const noexcept;

private:
    std::span<const std::uint64_t> bounds_;
    double unit_;
    std::unique_ptr<counter[]> buckets_; // one more than bounds: the last is +Inf
    counter sum_;
};

/// Of durations, exported in seconds.
class duration_histogram : public bucket_histogram {
public:
    explicit duration_histogram(std::span<const std::uint64_t> bounds_ns = bounds_from_100us())
        : bucket_histogram{bounds_ns, 1e9} {}

    /// Negative ones count as 0.
    void record(std::chrono::nanoseconds duration) noexcept {
        bucket_histogram::record(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)));
    }
};

/// Of counts of things.
class size_histogram : public bucket_histogram {
public:
    size_histogram() : bucket_histogram{bounds_of_sizes(), 1} {}
};

} // namespace beastmark
