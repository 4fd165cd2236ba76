// Prometheus' classic buckets of what HDR histograms counted.
#pragma once

#include "common/histogram.hpp"

#include <prometheus/client_metric.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace beastmark::loadgen {

/// Durations by upper bound. Not cumulative: the counts of two can be subtracted.
struct bucket_counts {
    std::vector<std::uint64_t> counts; // one for each bound, and one for what is above the last
    double sum_ns = 0;

    /// Takes away what `part` holds of it. The sum may come out a rounding error below an earlier one.
    void subtract(const bucket_counts& part);
};

/// With the count taken from the buckets, so that it always equals the +Inf bucket.
/// @param bounds_ns as many as there are counts, but for the last.
prometheus::ClientMetric::Histogram to_prometheus(std::span<const std::uint64_t> bounds_ns,
                                                  const bucket_counts& of);

/// The sum of histograms that only grow: those of a run's stages. Only what changed is read again, so that
/// the cost is that of the one or two stages under way, not of the whole run.
///
/// A counter of an HDR histogram (0.1 % wide at most) that straddles a bound is counted above it: a latency
/// is never told too low.
class duration_buckets {
public:
    /// @param bounds_ns upper bounds, ascending; must outlive this object.
    explicit duration_buckets(std::span<const std::uint64_t> bounds_ns);

    /// What histogram number `part` holds by now. Nothing to do when its count is that of the last call; else
    /// time in proportion to the range of what it holds, 0.1 ms at most.
    void take(std::size_t part, const histogram& grown);

    /// Never falls from one call to the next, neither a count nor the sum.
    [[nodiscard]] bucket_counts sum() const;

private:
    struct part_seen {
        std::uint64_t count = 0;
        bucket_counts buckets{};
    };

    std::span<const std::uint64_t> bounds_ns_;
    std::vector<part_seen> parts_;
    std::vector<std::uint64_t> total_;
};

} // namespace beastmark::loadgen
