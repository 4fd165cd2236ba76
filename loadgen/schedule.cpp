#include "loadgen/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

using std::chrono::nanoseconds;

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
    const auto slope = (s.to_rps - s.from_rps) / seconds(s.end - s.start);
    return s.from_rps * offset + slope * offset * offset / 2;
}

} // namespace

std::string_view name_of(segment_kind kind) {
    switch (kind) {
    case segment_kind::hold:
        return "hold";
    case segment_kind::linear:
        return "linear";
    case segment_kind::step:
        return "step";
    }
    return "?";
}

schedule::schedule(std::span<const stage> stages) {
    nanoseconds start{};
    for (const auto& s : stages) {
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
            const auto kind = s.kind == stage_kind::linear ? segment_kind::linear : segment_kind::hold;
            append(kind, start + s.duration, s.from_rps, s.to_rps);
        }
        start += s.duration;
    }
    size_ = first_index_at(area_);
    if (size_ == 0)
        throw std::invalid_argument(
            "the schedule holds no request: give a rate above 0 and a duration above 0");
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

nanoseconds schedule::time_in(const segment& where, std::uint64_t i) noexcept {
    const auto area = std::max(0.0, static_cast<double>(i) - where.area_before);
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
    return time_in(segments_[segment_of(i)], i);
}

std::uint64_t schedule::arrivals_before(nanoseconds t) const noexcept {
    if (t.count() <= 0)
        return 0;
    if (t > duration())
        return size_;
    const auto& s = segments_[segment_at(t)];
    auto n = std::min(first_index_at(s.area_before + area_in(s, seconds(t - s.start))), size_);
    // The formula and its inverse may differ by a rounding: time_of() decides.
    while (n > 0 && time_of(n - 1) >= t)
        --n;
    while (n < size_ && time_of(n) < t)
        ++n;
    return n;
}

stripe::stripe(const schedule& all, std::uint64_t index, std::uint64_t of) noexcept
    : all_(&all), index_(index), of_(of), next_(index) {
    settle();
}

void stripe::advance() noexcept {
    next_ += of_;
    settle();
}

std::uint64_t stripe::count_below(std::uint64_t i) const noexcept {
    return i <= index_ ? 0 : (i - index_ + of_ - 1) / of_;
}

void stripe::settle() noexcept {
    if (done())
        return;
    while (next_ >= all_->end_of(segment_))
        ++segment_;
    time_ = schedule::time_in(all_->segments()[segment_], next_);
}

} // namespace beastmark::loadgen
