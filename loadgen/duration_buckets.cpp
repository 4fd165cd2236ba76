#include "loadgen/duration_buckets.hpp"

#include <chrono>
#include <limits>
#include <utility>

namespace beastmark::loadgen {

namespace {

bucket_counts buckets_of(const histogram& h, std::span<const std::uint64_t> bounds_ns) {
    bucket_counts result{std::vector<std::uint64_t>(bounds_ns.size() + 1), h.sum_ns()};
    const auto last = histogram::index_of(static_cast<std::uint64_t>(h.max().count()));
    std::size_t bound = 0;
    for (auto i = histogram::index_of(static_cast<std::uint64_t>(h.min().count())); i <= last; ++i) {
        while (bound < bounds_ns.size() && histogram::highest_of(i) > bounds_ns[bound])
            ++bound;
        result.counts[bound] += h.count_at(i);
    }
    return result;
}

} // namespace

void bucket_counts::subtract(const bucket_counts& part) {
    for (std::size_t i = 0; i < counts.size(); ++i)
        counts[i] -= part.counts[i];
    sum_ns -= part.sum_ns;
}

prometheus::ClientMetric::Histogram to_prometheus(std::span<const std::uint64_t> bounds_ns,
                                                  const bucket_counts& of) {
    prometheus::ClientMetric::Histogram result;
    result.bucket.resize(of.counts.size());
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < of.counts.size(); ++i) {
        cumulative += of.counts[i];
        result.bucket[i].cumulative_count = cumulative;
        result.bucket[i].upper_bound = i < bounds_ns.size() ? static_cast<double>(bounds_ns[i]) / 1e9
                                                            : std::numeric_limits<double>::infinity();
    }
    result.sample_count = cumulative;
    result.sample_sum = of.sum_ns / 1e9;
    return result;
}

duration_buckets::duration_buckets(std::span<const std::uint64_t> bounds_ns)
    : bounds_ns_(bounds_ns), total_(bounds_ns.size() + 1) {}

void duration_buckets::take(std::size_t part, const histogram& grown) {
    if (parts_.size() <= part)
        parts_.resize(part + 1);
    auto& seen = parts_[part];
    if (seen.count == grown.count())
        return;
    auto now = buckets_of(grown, bounds_ns_);
    for (std::size_t i = 0; i < total_.size(); ++i)
        total_[i] += now.counts[i] - (seen.buckets.counts.empty() ? 0 : seen.buckets.counts[i]);
    seen.count = grown.count();
    seen.buckets = std::move(now);
}

bucket_counts duration_buckets::sum() const {
    bucket_counts result{total_, 0};
    for (const auto& part : parts_)
        result.sum_ns += part.buckets.sum_ns;
    return result;
}

} // namespace beastmark::loadgen
