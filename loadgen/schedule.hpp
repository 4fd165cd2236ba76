// When each request is due: a pure function of its index, so that any thread (or, later, any pod) can compute
// its own share and the union of all shares is the one global schedule.
#pragma once

#include "loadgen/stage.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace beastmark::loadgen {

enum class segment_kind { hold, linear, step };

std::string_view name_of(segment_kind kind);

/// A piece with one formula: a stage, or one step of a staircase.
struct segment {
    segment_kind kind = segment_kind::hold;
    std::chrono::nanoseconds start{};
    std::chrono::nanoseconds end{};
    double from_rps = 0;
    double to_rps = 0;
    double area_before = 0;          // arrivals before `start`, with their fraction
    std::uint64_t first_arrival = 0; // index of its first arrival; the next segment's one ends it
};

/// The arrivals of a list of stages. Arrival i (from 0) is due when the area under the rate reaches i, so the
/// first one is due at once and a fraction left over at the end of a stage is carried into the next. Times
/// count from the run's start.
class schedule {
public:
    /// Throws std::invalid_argument when there is no stage or nothing would ever be sent.
    explicit schedule(std::span<const stage> stages);

    [[nodiscard]] std::chrono::nanoseconds duration() const noexcept { return segments_.back().end; }

    /// Arrivals in all.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    [[nodiscard]] std::span<const segment> segments() const noexcept { return segments_; }

    /// Arrivals due before `t`: exactly those i with time_of(i) < t. Logarithmic in the number of segments.
    [[nodiscard]] std::uint64_t arrivals_before(std::chrono::nanoseconds t) const noexcept;

    /// When arrival `i` (below size()) is due; never decreases with i. Logarithmic in the number of segments.
    [[nodiscard]] std::chrono::nanoseconds time_of(std::uint64_t i) const noexcept;

    /// As time_of(i), for an arrival known to be of `where`: constant time.
    [[nodiscard]] static std::chrono::nanoseconds time_in(const segment& where, std::uint64_t i) noexcept;

    /// The index of the segment that arrival `i` belongs to.
    [[nodiscard]] std::size_t segment_of(std::uint64_t i) const noexcept;

    /// The index of the segment that `t` lies in; the last one after the end.
    [[nodiscard]] std::size_t segment_at(std::chrono::nanoseconds t) const noexcept;

    /// One past the last arrival of a segment.
    [[nodiscard]] std::uint64_t end_of(std::size_t segment_index) const noexcept;

private:
    void append(segment_kind kind, std::chrono::nanoseconds end, double from_rps, double to_rps);

    std::vector<segment> segments_;
    double area_ = 0;
    std::uint64_t size_ = 0;
};

/// One thread's share of a schedule: the arrivals i with i mod `of` == `index`, in order.
class stripe {
public:
    stripe(const schedule& all, std::uint64_t index, std::uint64_t of) noexcept;

    /// No arrival is left.
    [[nodiscard]] bool done() const noexcept { return next_ >= all_->size(); }

    /// The next arrival's index in the whole schedule, when it is due, its segment. Only while !done().
    [[nodiscard]] std::uint64_t arrival() const noexcept { return next_; }

    [[nodiscard]] std::chrono::nanoseconds time() const noexcept { return time_; }

    [[nodiscard]] std::size_t segment_index() const noexcept { return segment_; }

    /// Constant time (but for skipped empty segments).
    void advance() noexcept;

    /// How many of this share's arrivals have an index below `i`.
    [[nodiscard]] std::uint64_t count_below(std::uint64_t i) const noexcept;

private:
    void settle() noexcept;

    const schedule* all_;
    std::uint64_t index_;
    std::uint64_t of_;
    std::uint64_t next_;
    std::size_t segment_ = 0;
    std::chrono::nanoseconds time_{};
};

} // namespace beastmark::loadgen
