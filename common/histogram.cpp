#include "common/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <new>

namespace beastmark {

namespace {

// The bucket of a value: 0 for the linear range below sub_bucket_count, then one for each doubling.
unsigned bucket_of(std::uint64_t value) {
    constexpr auto linear_bits = histogram::sub_bucket_half_magnitude + 1;
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    return bits > linear_bits ? bits - linear_bits : 0;
}

unsigned bucket_of_index(std::size_t index) {
    const auto row = static_cast<unsigned>(index >> histogram::sub_bucket_half_magnitude);
    return row > 0 ? row - 1 : 0;
}

} // namespace

void histogram::release_memory::operator()(std::uint64_t* counts) const noexcept {
    std::free(counts);
}

histogram::histogram()
    // calloc and not new: pages that are never written to stay the kernel's zero page.
    : counts_(static_cast<std::uint64_t*>(std::calloc(counts_size, sizeof(std::uint64_t)))) {
    if (!counts_)
        throw std::bad_alloc();
}

std::size_t histogram::index_of(std::uint64_t value_ns) noexcept {
    const auto bucket = bucket_of(value_ns);
    const auto sub_bucket = static_cast<std::size_t>(value_ns >> bucket);
    return (static_cast<std::size_t>(bucket) << sub_bucket_half_magnitude) + sub_bucket;
}

std::uint64_t histogram::lowest_of(std::size_t index) noexcept {
    const auto bucket = bucket_of_index(index);
    const auto sub_bucket = index - (static_cast<std::size_t>(bucket) << sub_bucket_half_magnitude);
    return static_cast<std::uint64_t>(sub_bucket) << bucket;
}

std::uint64_t histogram::highest_of(std::size_t index) noexcept {
    return lowest_of(index) + (std::uint64_t{1} << bucket_of_index(index)) - 1;
}

void histogram::record_n(std::chrono::nanoseconds value, std::uint64_t n) noexcept {
    if (n == 0)
        return;
    auto ns = value.count() > 0 ? static_cast<std::uint64_t>(value.count()) : 0;
    if (ns > highest_trackable_ns) {
        ns = highest_trackable_ns;
        overflow_ += n;
    }
    counts_[index_of(ns)] += n;
    count_ += n;
    sum_ += static_cast<double>(ns) * static_cast<double>(n);
    min_ = std::min(min_, ns);
    max_ = std::max(max_, ns);
}

void histogram::merge(const histogram& other) noexcept {
    if (other.count_ == 0)
        return;
    const auto last = index_of(other.max_);
    for (auto i = index_of(other.min_); i <= last; ++i)
        counts_[i] += other.counts_[i];
    count_ += other.count_;
    overflow_ += other.overflow_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

histogram::exact_figures histogram::exact() const noexcept {
    return {count_ == 0 ? 0 : min_, max_, sum_, overflow_};
}

bool histogram::restore(const exact_figures& known) noexcept {
    if (count_ == 0 || known.max_ns > highest_trackable_ns || index_of(known.min_ns) != index_of(min_) ||
        index_of(known.max_ns) != index_of(max_) || known.overflow > counts_[index_of(max_)])
        return false;
    const auto n = static_cast<double>(count_);
    constexpr auto rounding = 1e-9;
    const double least = static_cast<double>(known.min_ns) * n * (1 - rounding);
    const double most = static_cast<double>(known.max_ns) * n * (1 + rounding);
    if (std::isnan(known.sum_ns) || known.sum_ns < least || known.sum_ns > most)
        return false;
    min_ = known.min_ns;
    max_ = known.max_ns;
    sum_ = known.sum_ns;
    overflow_ = known.overflow;
    return true;
}

void histogram::reset() noexcept {
    if (count_ == 0)
        return;
    std::fill(&counts_[index_of(min_)], &counts_[index_of(max_)] + 1, 0);
    count_ = 0;
    overflow_ = 0;
    min_ = UINT64_MAX;
    max_ = 0;
    sum_ = 0;
}

std::chrono::nanoseconds histogram::value_at_percentile(double percentile) const noexcept {
    if (count_ == 0)
        return {};
    const auto share = std::clamp(percentile, 0.0, 100.0) / 100.0 * static_cast<double>(count_);
    // 99.9 is not exact in binary: 99.9 % of 1000 must be rank 999, not 1000.
    const auto wanted = std::ceil(share - 1e-9 * static_cast<double>(count_));
    const auto rank =
        std::clamp<std::uint64_t>(wanted < 1 ? 1 : static_cast<std::uint64_t>(wanted), 1, count_);
    const auto last = index_of(max_);
    std::uint64_t seen = 0;
    for (auto i = index_of(min_); i <= last; ++i) {
        seen += counts_[i];
        if (seen >= rank)
            return std::chrono::nanoseconds(std::min(highest_of(i), max_));
    }
    return max();
}

std::chrono::nanoseconds histogram::min() const noexcept {
    return std::chrono::nanoseconds(count_ == 0 ? 0 : min_);
}

std::chrono::nanoseconds histogram::max() const noexcept {
    return std::chrono::nanoseconds(max_);
}

double histogram::mean_ns() const noexcept {
    return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_);
}

} // namespace beastmark
