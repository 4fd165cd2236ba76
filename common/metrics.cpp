#include "common/metrics.hpp"

#include <algorithm>
#include <array>

namespace beastmark {

namespace {

// 10^(i/20), three digits: exact in nanoseconds, so that the same text is exported everywhere.
constexpr std::array<std::uint64_t, 20> mantissas{100, 112, 126, 141, 158, 178, 200, 224, 251, 282,
                                                  316, 355, 398, 447, 501, 562, 631, 708, 794, 891};

template <std::size_t Decades>
constexpr auto make_bounds(std::uint64_t first_ns) {
    std::array<std::uint64_t, Decades * mantissas.size() + 1> bounds{};
    std::size_t next = 0;
    std::uint64_t scale = first_ns / mantissas.front();
    for (std::size_t decade = 0; decade < Decades; ++decade, scale *= 10) {
        for (const std::uint64_t mantissa : mantissas) {
            bounds[next++] = mantissa * scale;
        }
    }
    bounds[next] = mantissas.front() * scale;
    return bounds;
}

constexpr auto from_100us = make_bounds<5>(100'000);
constexpr auto from_10us = make_bounds<6>(10'000);
constexpr std::array<std::uint64_t, 11> sizes{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
static_assert(from_100us.back() == 10'000'000'000 && from_10us.back() == 10'000'000'000);

} // namespace

std::span<const std::uint64_t> bounds_from_100us() {
    return from_100us;
}

std::span<const std::uint64_t> bounds_from_10us() {
    return from_10us;
}

std::span<const std::uint64_t> bounds_of_sizes() {
    return sizes;
}

bucket_histogram::bucket_histogram(std::span<const std::uint64_t> bounds, double unit)
    : bounds_{bounds}, unit_{unit}, buckets_{std::make_unique<counter[]>(bounds.size() + 1)} {}

void bucket_histogram::record(std::uint64_t value) noexcept {
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    buckets_[static_cast<std::size_t>(bound - bounds_.begin())].add();
    sum_.add(value);
}

void bucket_histogram::add_to(prometheus::ClientMetric::Histogram& sum) const {
    if (sum.bucket.empty()) {
        sum.bucket.resize(bounds_.size() + 1);
        for (std::size_t i = 0; i < bounds_.size(); ++i) {
            sum.bucket[i].upper_bound = static_cast<double>(bounds_[i]) / unit_;
        }
        sum.bucket.back().upper_bound = std::numeric_limits<double>::infinity();
    }
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < sum.bucket.size(); ++i) {
        cumulative += buckets_[i].value();
        sum.bucket[i].cumulative_count += cumulative;
    }
    sum.sample_count = sum.bucket.back().cumulative_count;
    sum.sample_sum += static_cast<double>(sum_.value()) / unit_;
}

std::uint64_t bucket_histogram::count() const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= bounds_.size(); ++i) {
        total += buckets_[i].value();
    }
    return total;
}

} // namespace beastmark
