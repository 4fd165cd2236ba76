// A high dynamic range histogram of durations: every recorded value is known to 0.1 %, whatever its size, in
// fixed memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace beastmark {

/// Counts of durations in log-linear buckets, laid out as HdrHistogram does it (lowest discernible value 1
/// ns, highest trackable value 120 s, 3 significant digits), so that its encodings can be read by other
/// tools. http://hdrhistogram.org
///
/// Error bound: below 2048 ns every nanosecond has its own counter; above, a value shares its counter with
/// those less than value/1024 away, and is reported as the highest of them: too high by less than 0.1 %,
/// never too low. The minimum, the maximum and the mean are exact. A value above 120 s is counted at 120 s
/// and in overflow(); a negative one at 0.
///
/// Not thread-safe: one writer. 224 KiB, of which only the pages that are written to become resident.
class histogram {
public:
    static constexpr std::uint64_t sub_bucket_count = 2048; // smallest power of two above 2 * 10^digits
    static constexpr std::uint64_t sub_bucket_half_count = sub_bucket_count / 2;
    static constexpr unsigned sub_bucket_half_magnitude = 10;
    static constexpr unsigned bucket_count = 27;
    static constexpr std::size_t counts_size = (bucket_count + 1) * sub_bucket_half_count;
    static constexpr std::uint64_t highest_trackable_ns = 120'000'000'000;
    static constexpr int significant_digits = 3;

    histogram();
    histogram(histogram&&) noexcept = default;
    histogram& operator=(histogram&&) noexcept = default;

    /// Constant time, no allocation.
    void record(std::chrono::nanoseconds value) noexcept { record_n(value, 1); }

    /// As `n` calls of record(value).
    void record_n(std::chrono::nanoseconds value, std::uint64_t n) noexcept;

    /// Adds the counts of `other`: the result is exactly that of recording both series into one histogram.
    void merge(const histogram& other) noexcept;

    /// What an encoding of the counts alone loses.
    struct exact_figures {
        std::uint64_t min_ns = 0;
        std::uint64_t max_ns = 0;
        double sum_ns = 0; // exact up to 2^53: 104 days
        std::uint64_t overflow = 0;
    };

    [[nodiscard]] exact_figures exact() const noexcept;

    /// Gives decoded counts back what they were encoded without. False, and nothing done, when that
    /// contradicts the counts.
    bool restore(const exact_figures& known) noexcept;

    /// Forgets everything. Takes time in proportion to the range of what was recorded.
    void reset() noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    /// Values above the highest trackable one.
    [[nodiscard]] std::uint64_t overflow() const noexcept { return overflow_; }

    /// The value at or below which `percentile` % (0 to 100) of the recorded values are: the one of rank
    /// ceil(percentile/100 * count), at least 1, within the error bound and never above max(). 0 when empty.
    [[nodiscard]] std::chrono::nanoseconds value_at_percentile(double percentile) const noexcept;

    /// Exact; 0 when empty.
    [[nodiscard]] std::chrono::nanoseconds min() const noexcept;
    [[nodiscard]] std::chrono::nanoseconds max() const noexcept;
    /// The exact mean of the values (after the clamping), in nanoseconds; 0 when empty.
    [[nodiscard]] double mean_ns() const noexcept;

    /// The sum of the values (after the clamping), in nanoseconds: never falls as values are recorded.
    [[nodiscard]] double sum_ns() const noexcept { return sum_; }

    /// The layout, for encoders and tests: the counter of a value, and the range of values a counter holds.
    [[nodiscard]] static std::size_t index_of(std::uint64_t value_ns) noexcept;
    [[nodiscard]] static std::uint64_t lowest_of(std::size_t index) noexcept;
    [[nodiscard]] static std::uint64_t highest_of(std::size_t index) noexcept;

    [[nodiscard]] std::uint64_t count_at(std::size_t index) const noexcept { return counts_[index]; }

private:
    struct release_memory {
        void operator()(std::uint64_t* counts) const noexcept;
    };

    std::unique_ptr<std::uint64_t[], release_memory> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t overflow_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

} // namespace beastmark
