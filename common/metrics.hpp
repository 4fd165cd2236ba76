// Counters for the hot path: one thread writes, any thread reads, no lock and no locked instruction.
//
// A core owns its counters; the admin thread sums the cores when Prometheus scrapes (add_to below). An update
// is a relaxed load and a relaxed store, which the compiler makes a plain add.
#pragma once

#include <prometheus/client_metric.h>

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

/// A histogram of durations with Prometheus' classic buckets. One writer, any reader.
class duration_histogram {
public:
    /// @param bounds_ns upper bounds, ascending, inclusive as Prometheus' `le`; must outlive the histogram.
    explicit duration_histogram(std::span<const std::uint64_t> bounds_ns = bounds_from_100us());

    /// Counts one duration; negative ones count as 0. O(log bounds), no allocation.
    void record(std::chrono::nanoseconds duration) noexcept;

    /// Adds this histogram's counts to a Prometheus histogram of the same bounds (empty: it is given the
    /// bounds). The total count is derived from the buckets, so that it always equals the +Inf bucket.
    void add_to(prometheus::ClientMetric::Histogram& sum) const;

    [[nodiscard]] std::uint64_t count() const noexcept;

private:
    std::span<const std::uint64_t> bounds_ns_;
    std::unique_ptr<counter[]> buckets_; // one more than bounds: the last is +Inf
    counter sum_ns_;
};

} // namespace beastmark
