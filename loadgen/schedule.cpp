#include "loadgen/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

using std::chrono::nanoseconds;

// A clock's nanoseconds overflow after 292 years; a timeout and the time since boot are added to this.
constexpr nanoseconds longest_run = std::chrono::hours(100 * 8766);

double seconds(nanoseconds t) {
    return static_cast<double>(t.count()) * 1e-9;
}

// The first whole number at or above an area. Areas are sums of products of doubles: one that is whole but
// for rounding must not become the next number.
std::uint64_t first_index_at(double area) {
    return static_cast<std::uint64_t>(std::ceil(area - 1e-9 - 1e-13 * area));
}

// Area under a segment's rate from its start to `offset` seconds into it.
double area_in(const segment& s, double offset) {
    if (s.start == s.end) // a step shorter than a nanosecond
        return 0;
    const auto slope = (s.to_rps - s.from_rps) / seconds(s.end - s.start);
    return s.from_rps * offset + slope * offset * offset / 2;
}

// The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), in
// the variant of Stafford's mix 13.
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

// An odd number near 2^64 divided by the golden ratio: what splitmix64 counts in. mix(0) is 0, so seed and
// index 0 must not come out as 0.
constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15;

// A Poisson sum counts in these. Small enough not to be seen (at 1 request a second 15 ns), large enough that
// 10^11 arrivals fit, and coarse beside a double's last bit: machines whose std::log differs there still
// agree on all but at most one exponential in 10^8 (and there differ by one step), and the rounding in
// time_in() cannot swap two arrivals of a ramp of some 10^7.
constexpr double steps_per_arrival = 0x1p26;
constexpr double most_arrivals = 1e11;

// The exponential of mean 1 that precedes arrival k.
std::uint64_t exponential(std::uint64_t key, std::uint64_t k) {
    const auto u = static_cast<double>((mix(key + (k + 1) * golden_gamma) >> 11) + 1) * 0x1p-53; // in (0, 1]
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(0.5 - std::log(u) * steps_per_arrival));
}

} // namespace

std::string_view name_of(arrival_kind kind) {
    switch (kind) {
    case arrival_kind::uniform:
        return "uniform";
    case arrival_kind::poisson:
        return "poisson";
    case arrival_kind::replay:
        return "replay";
    }
    return "?";
}

std::string_view name_of(segment_kind kind) {
    switch (kind) {
    case segment_kind::hold:
        return "hold";
    case segment_kind::linear:
        return "linear";
    case segment_kind::step:
        return "step";
    case segment_kind::closed:
        return "closed";
    case segment_kind::replay:
        return "replay";
    }
    return "?";
}

schedule::schedule(std::span<const stage> stages, const arrival_options& options)
    : kind_(options.kind), key_(mix(options.seed + golden_gamma)) {
    nanoseconds start{};
    for (const auto& s : stages) {
        if (s.duration > longest_run - start)
            throw std::invalid_argument("the stages last longer than 100 years: give shorter durations");
        if (s.kind == stage_kind::staircase) {
            for (unsigned step = 0; step < s.steps; ++step) {
                const auto share = static_cast<double>(step) / (s.steps - 1);
                const auto rate = s.from_rps + (s.to_rps - s.from_rps) * share;
                // Rounded in floating point: duration * step would overflow for a long stage of many steps.
                const auto end = step + 1 == s.steps
                                     ? s.duration
                                     : nanoseconds(std::llround(static_cast<double>(s.duration.count()) *
                                                                (step + 1) / s.steps));
                append(segment_kind::step, start + end, rate, rate);
            }
        } else {
            const auto kind = s.kind == stage_kind::linear   ? segment_kind::linear
                              : s.kind == stage_kind::closed ? segment_kind::closed
                                                             : segment_kind::hold;
            append(kind, start + s.duration, s.from_rps, s.to_rps);
        }
        start += s.duration;
    }
    size_ = first_index_at(area_);
    if (!segments_.empty() && closed_loop())
        return;
    if (size_ == 0)
        throw std::invalid_argument(
            "the schedule holds no request: give a rate above 0 and a duration above 0");
    if (kind_ == arrival_kind::poisson)
        draw();
    if (size_ == 0)
        throw std::invalid_argument(
            fmt::format("the schedule holds no request: the first poisson arrival of seed {} is due when the "
                        "stages add up to {:.3g} requests, and they add up to {:.3g}: give a higher rate, a "
                        "longer duration or another seed",
                        options.seed, area_of(sum_of(0)), area_));
}

schedule::schedule(std::shared_ptr<const std::vector<nanoseconds>> due, nanoseconds end)
    : kind_(arrival_kind::replay), key_(0), size_(due->size()), due_(std::move(due)) {
    if (size_ == 0)
        throw std::invalid_argument("the schedule holds no request: the log has none");
    if (end > longest_run)
        throw std::invalid_argument("the log lasts longer than 100 years: replay a part of it, or faster");
    const auto mean = static_cast<double>(size_) / seconds(end);
    append(segment_kind::replay, end, mean, mean);
}

// Counts the Poisson arrivals and deals them to the segments.
void schedule::draw() {
    if (area_ > most_arrivals)
        throw std::invalid_argument(
            fmt::format("the schedule holds {:.3g} requests, above the limit of {:.0g} for poisson arrivals: "
                        "give a lower rate or a shorter duration, or ask for uniform arrivals",
                        area_, most_arrivals));
    size_ = 0;
    std::size_t segment = 0;
    for (auto sum = exponential(key_, 0);; sum = plus(sum, size_ - 1, size_)) {
        const auto area = area_of(sum);
        while (segment < segments_.size() && area >= segments_[segment].area_before)
            segments_[segment++].first_arrival = size_;
        if (area >= area_)
            return;
        if (size_ % checkpoint_distance == 0)
            checkpoints_.push_back(sum);
        ++size_;
    }
}

std::uint64_t schedule::plus(std::uint64_t sum, std::uint64_t from, std::uint64_t to) const noexcept {
    if (kind_ != arrival_kind::poisson)
        return to;
    while (from < to)
        sum += exponential(key_, ++from);
    return sum;
}

std::uint64_t schedule::sum_of(std::uint64_t i) const noexcept {
    if (kind_ != arrival_kind::poisson)
        return i;
    if (checkpoints_.empty())
        return plus(exponential(key_, 0), 0, i);
    const auto nearest = i / checkpoint_distance;
    return plus(checkpoints_[nearest], nearest * checkpoint_distance, i);
}

double schedule::area_of(std::uint64_t sum) const noexcept {
    const auto area = static_cast<double>(sum);
    return kind_ == arrival_kind::poisson ? area / steps_per_arrival : area;
}

void schedule::append(segment_kind kind, nanoseconds end, double from_rps, double to_rps) {
    segment s;
    s.kind = kind;
    s.start = segments_.empty() ? nanoseconds{} : segments_.back().end;
    s.end = end;
    s.from_rps = from_rps;
    s.to_rps = to_rps;
    s.area_before = area_;
    s.first_arrival = first_index_at(area_);
    area_ += (from_rps + to_rps) / 2 * seconds(s.end - s.start);
    segments_.push_back(s);
}

std::uint64_t schedule::end_of(std::size_t segment_index) const noexcept {
    return segment_index + 1 < segments_.size() ? segments_[segment_index + 1].first_arrival : size_;
}

std::size_t schedule::segment_of(std::uint64_t i) const noexcept {
    const auto after =
        std::upper_bound(segments_.begin(), segments_.end(), i,
                         [](std::uint64_t wanted, const segment& s) { return wanted < s.first_arrival; });
    return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

std::size_t schedule::segment_at(nanoseconds t) const noexcept {
    const auto after =
        std::upper_bound(segments_.begin() + 1, segments_.end(), t,
                         [](nanoseconds wanted, const segment& s) { return wanted < s.start; });
    return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

nanoseconds schedule::time_in(const segment& where, double area) noexcept {
    area = std::max(0.0, area - where.area_before);
    double offset = 0;
    if (where.kind == segment_kind::linear) {
        // The root of from*t + slope*t^2/2 = area in the form without cancellation; rounding may take the
        // radicand of a falling ramp's end below 0.
        const auto slope = (where.to_rps - where.from_rps) / seconds(where.end - where.start);
        const auto radicand = std::max(0.0, where.from_rps * where.from_rps + 2 * slope * area);
        const auto divisor = where.from_rps + std::sqrt(radicand);
        offset = divisor > 0 ? 2 * area / divisor : 0;
    } else if (where.from_rps > 0) {
        offset = area / where.from_rps;
    }
    const auto length = where.end - where.start;
    const auto ns = offset < seconds(length) ? nanoseconds(std::llround(offset * 1e9)) : length;
    return where.start + std::min(ns, length);
}

nanoseconds schedule::time_of(std::uint64_t i) const noexcept {
    return time_at(i, sum_of(i), segment_of(i));
}

nanoseconds schedule::time_at(std::uint64_t i, std::uint64_t sum, std::size_t segment_index) const noexcept {
    return due_ ? (*due_)[i] : time_in(segments_[segment_index], area_of(sum));
}

std::uint64_t schedule::arrivals_before(nanoseconds t) const noexcept {
    if (t.count() <= 0)
        return 0;
    if (t > duration())
        return size_;
    if (kind_ == arrival_kind::poisson)
        return poisson_arrivals_before(t);
    if (due_)
        return static_cast<std::uint64_t>(std::lower_bound(due_->begin(), due_->end(), t) - due_->begin());
    const auto& s = segments_[segment_at(t)];
    auto n = std::min(first_index_at(s.area_before + area_in(s, seconds(t - s.start))), size_);
    // The formula and its inverse may differ by a rounding: time_of() decides.
    while (n > 0 && time_of(n - 1) >= t)
        --n;
    while (n < size_ && time_of(n) < t)
        ++n;
    return n;
}

std::uint64_t schedule::poisson_arrivals_before(nanoseconds t) const noexcept {
    const auto is_before = [&](std::size_t checkpoint) {
        const auto segment = segment_of(checkpoint * checkpoint_distance);
        return time_in(segments_[segment], area_of(checkpoints_[checkpoint])) < t;
    };
    const auto all = std::views::iota(std::size_t{0}, checkpoints_.size());
    const auto after = std::ranges::partition_point(all, is_before);
    if (after == all.begin())
        return 0;
    stripe walk(*this, *std::ranges::prev(after) * checkpoint_distance, 1);
    while (!walk.done() && walk.time() < t)
        walk.advance();
    return walk.arrival();
}

stripe::stripe(const schedule& all, std::uint64_t index, std::uint64_t of) noexcept
    : all_(&all), index_(index), of_(of), next_(index) {
    if (done())
        return;
    sum_ = all.sum_of(next_);
    segment_ = all.segment_of(next_);
    settle();
}

void stripe::advance() noexcept {
    const auto before = next_;
    next_ += of_;
    if (done())
        return;
    sum_ = all_->plus(sum_, before, next_);
    settle();
}

void stripe::extend(const schedule& all) noexcept {
    all_ = &all;
    if (done())
        return;
    sum_ = all.sum_of(next_);
    segment_ = all.segment_of(next_);
    settle();
}

std::uint64_t stripe::count_below(std::uint64_t i) const noexcept {
    return i <= index_ ? 0 : (i - index_ + of_ - 1) / of_;
}

void stripe::settle() noexcept {
    while (next_ >= all_->end_of(segment_))
        ++segment_;
    time_ = all_->time_at(next_, sum_, segment_);
}

} // namespace beastmark::loadgen
