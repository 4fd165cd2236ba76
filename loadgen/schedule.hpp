// When each request is due: a pure function of its index, so that any thread (or, later, any pod) can compute
// its own share and the union of all shares is the one global schedule.
#pragma once

#include "loadgen/stage.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

enum class segment_kind { hold, linear, step, closed, replay };

std::string_view name_of(segment_kind kind);

/// How arrivals follow one another: at a given rate evenly, or independently of each other as those of many
/// users do; or at times that a log tells.
enum class arrival_kind { uniform, poisson, replay };

std::string_view name_of(arrival_kind kind);

struct arrival_options {
    arrival_kind kind = arrival_kind::uniform;
    std::uint64_t seed = 1; // poisson: equal seeds give equal schedules
};

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

/// The arrivals of a list of stages. Arrival i (from 0) is due when the area under the rate reaches
///
/// - uniform: i. The first one is due at once.
/// - poisson: S_i = E_0 + ... + E_i with E_k exponential of mean 1. By the inverse change of time this is the
///   Poisson process of that rate, exactly, also under ramps and staircases (Cinlar, Introduction to
///   Stochastic Processes, 1975, chapter 4). E_k = -log(u_k), u_k a hash of seed and k, so the schedule
///   follows from the seed alone. S is a sum of integers, in steps of 2^-26 arrivals: the same in whichever
///   order, from whichever start it is added up.
///
/// - replay: what it is told. Its rates are the mean.
///
/// What is left over at the end of a stage is carried into the next. Times count from the run's start.
class schedule {
public:
    /// Closed stages hold no arrival: they only give a closed loop its time.
    ///
    /// Throws std::invalid_argument when there is no stage, when they last longer than 100 years, when
    /// nothing would ever be sent (poisson: also when the whole area is below the first exponential), and
    /// when poisson arrivals are more than 10^11. Poisson takes time linear in the number of arrivals, about
    /// 10 ns for each (10^9: 10 s), and a byte for 64 of them; uniform takes neither.
    explicit schedule(std::span<const stage> stages, const arrival_options& options = {});

    /// Of arrivals at these times, ascending, from 0 on and before `end`. Throws std::invalid_argument when
    /// there are none, or when it lasts longer than 100 years.
    schedule(std::shared_ptr<const std::vector<std::chrono::nanoseconds>> due, std::chrono::nanoseconds end);

    [[nodiscard]] std::chrono::nanoseconds duration() const noexcept { return segments_.back().end; }

    /// Arrivals in all.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    [[nodiscard]] std::span<const segment> segments() const noexcept { return segments_; }

    [[nodiscard]] arrival_kind arrivals() const noexcept { return kind_; }

    /// There are no arrivals: each answer brings the next request.
    [[nodiscard]] bool closed_loop() const noexcept { return segments_.front().kind == segment_kind::closed; }

    /// Arrivals due before `t`: exactly those i with time_of(i) < t. Logarithmic in the number of segments;
    /// poisson adds a walk over up to 512 arrivals, some 10 us.
    [[nodiscard]] std::uint64_t arrivals_before(std::chrono::nanoseconds t) const noexcept;

    /// When arrival `i` (below size()) is due; never decreases with i. Costs as arrivals_before().
    [[nodiscard]] std::chrono::nanoseconds time_of(std::uint64_t i) const noexcept;

    /// When the area under the rate, from the run's start, reaches `area`, known to be reached in `where`:
    /// constant time.
    [[nodiscard]] static std::chrono::nanoseconds time_in(const segment& where, double area) noexcept;

    /// The index of the segment that arrival `i` belongs to.
    [[nodiscard]] std::size_t segment_of(std::uint64_t i) const noexcept;

    /// The index of the segment that `t` lies in; the last one after the end.
    [[nodiscard]] std::size_t segment_at(std::chrono::nanoseconds t) const noexcept;

    /// One past the last arrival of a segment.
    [[nodiscard]] std::uint64_t end_of(std::size_t segment_index) const noexcept;

private:
    friend class stripe;

    // Every so many arrivals their sum is kept: what a random access walks over at most. Lanes ask twice per
    // report, on the thread that sends.
    static constexpr std::uint64_t checkpoint_distance = 512;

    // When arrival i is due, whose sum and segment are known.
    [[nodiscard]] std::chrono::nanoseconds time_at(std::uint64_t i, std::uint64_t sum,
                                                   std::size_t segment_index) const noexcept;

    void append(segment_kind kind, std::chrono::nanoseconds end, double from_rps, double to_rps);
    void draw();

    // Where arrival i is due, as a sum that plus() takes from one arrival to a later one. Uniform and replay:
    // i itself.
    [[nodiscard]] std::uint64_t sum_of(std::uint64_t i) const noexcept;
    [[nodiscard]] std::uint64_t plus(std::uint64_t sum, std::uint64_t from, std::uint64_t to) const noexcept;
    [[nodiscard]] double area_of(std::uint64_t sum) const noexcept;

    [[nodiscard]] std::uint64_t poisson_arrivals_before(std::chrono::nanoseconds t) const noexcept;

    arrival_kind kind_;
    std::uint64_t key_; // the seed, spread over all bits
    std::vector<segment> segments_;
    double area_ = 0;
    std::uint64_t size_ = 0;
    std::vector<std::uint64_t> checkpoints_; // poisson: the sums of arrivals 0, 512, 1024...
    std::shared_ptr<const std::vector<std::chrono::nanoseconds>> due_; // replay
};

/// Which stripe a thread takes.
struct stripe_place {
    std::uint64_t index = 0;
    std::uint64_t of = 1;

    friend bool operator==(const stripe_place&, const stripe_place&) = default;
};

/// The stripe of thread `thread` (below `threads`) of shard `shard` (below `shards`), a shard being one of
/// several processes that share a schedule. The shard takes every `shards`-th arrival and its threads take
/// turns, so shards need not agree on their numbers of threads: the union over all of them is the schedule.
constexpr stripe_place stripe_of(std::uint64_t shard, std::uint64_t shards, std::uint64_t thread,
                                 std::uint64_t threads) noexcept {
    return {shard + shards * thread, shards * threads};
}

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

    /// Constant time (but for skipped empty segments); poisson: about 10 ns for each arrival of the whole
    /// schedule that it passes, so for each of `of`.
    void advance() noexcept;

    /// Goes on with `all`, which agrees with the schedule so far on every arrival of that one.
    void extend(const schedule& all) noexcept;

    /// How many of this share's arrivals have an index below `i`.
    [[nodiscard]] std::uint64_t count_below(std::uint64_t i) const noexcept;

private:
    void settle() noexcept;

    const schedule* all_;
    std::uint64_t index_;
    std::uint64_t of_;
    std::uint64_t next_;
    std::uint64_t sum_ = 0; // of next_
    std::size_t segment_ = 0;
    std::chrono::nanoseconds time_{};
};

} // namespace beastmark::loadgen
