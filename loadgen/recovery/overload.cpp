#include "loadgen/recovery/overload.hpp"

#include "loadgen/spread.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

namespace beastmark::loadgen::recovery {

namespace {

constexpr std::size_t in_a_row = 3;
constexpr double near_the_rate = 0.9;
constexpr double rounding = 1.001; // of rates
constexpr double spread_allowed = 0.1;
constexpr double deviations = 3;
constexpr double mad_to_sigma = 1.4826; // of a normal distribution
constexpr double errors_allowed = 0.001;

std::vector<observed_second> believable_of(std::span<const observed_second> seconds) {
    std::vector<observed_second> kept;
    std::copy_if(seconds.begin(), seconds.end(), std::back_inserter(kept),
                 [](const observed_second& s) { return s.believable; });
    return kept;
}

/// The first of several in a row, from `first` on, that are as asked; the end where there are none.
template <class Wanted>
std::size_t first_in_a_row(std::span<const observed_second> seconds, std::size_t first, Wanted wanted) {
    std::size_t length = 0;
    for (auto i = first; i < seconds.size(); ++i) {
        length = wanted(seconds[i]) ? length + 1 : 0;
        if (length == in_a_row)
            return i + 1 - in_a_row;
    }
    return seconds.size();
}

/// Before when nothing of the overload can be in the figures: a stage that holds a rate is overloaded from
/// its start, though it may show later.
double last_normal_s(double began_s, std::span<const load_stretch> stages) {
    for (const auto& stage : stages)
        if (stage.holds && stage.start_s <= began_s && began_s < stage.end_s)
            return stage.start_s;
    return began_s;
}

void set_normal(overload& found, std::span<const observed_second> before) {
    for (const auto& s : before)
        found.held_rps = std::max(found.held_rps, s.rate_rps);
    std::vector<double> p99;
    std::vector<double> errors;
    for (const auto& s : before) {
        if (s.overloaded || !s.p99_us || !s.error_rate || s.rate_rps < near_the_rate * found.held_rps)
            continue;
        p99.push_back(*s.p99_us);
        errors.push_back(*s.error_rate);
    }
    if (p99.size() < in_a_row)
        return;
    found.p99_us = level_of(std::move(p99), 0);
    found.error_rate = level_of(std::move(errors), errors_allowed);
}

void set_end(overload& found, std::span<const observed_second> all) {
    const auto too_much = [&](const observed_second& s) { return s.rate_rps > found.held_rps * rounding; };
    const auto last = std::find_if(all.rbegin(), all.rend(), too_much);
    if (last == all.rbegin() || last == all.rend())
        return;
    found.ended_s = last->end_s;
    found.watched_s = all.back().end_s - last->end_s;
}

void set_return(overload& found, std::span<const observed_second> seconds) {
    if (!found.ended_s || !found.p99_us)
        return;
    const auto after = std::find_if(seconds.begin(), seconds.end(), [&](const observed_second& s) {
        return s.start_s >= *found.ended_s - 0.001;
    });
    const auto normal = [&](const observed_second& s) {
        return s.p99_us && s.error_rate && *s.p99_us <= found.p99_us->limit &&
               *s.error_rate <= found.error_rate->limit;
    };
    const auto first = first_in_a_row(seconds, static_cast<std::size_t>(after - seconds.begin()), normal);
    if (first < seconds.size())
        found.back_after_s = std::max(0.0, seconds[first].start_s - *found.ended_s);
}

} // namespace

normal_level level_of(std::vector<double> values, double at_least) {
    const auto median = median_of(values).value_or(0);
    for (double& value : values)
        value = std::abs(value - median);
    const auto deviation = median_of(std::move(values)).value_or(0);
    return {median,
            median + std::max({spread_allowed * median, deviations * mad_to_sigma * deviation, at_least})};
}

std::optional<overload> find_overload(std::span<const observed_second> all,
                                      std::span<const load_stretch> stages) {
    const auto seconds = believable_of(all);
    const auto began = first_in_a_row(seconds, 0, [](const observed_second& s) { return s.overloaded; });
    if (began == seconds.size())
        return std::nullopt;
    overload found{
        .began_s = seconds[began].start_s, .p99_us = {}, .error_rate = {}, .ended_s = {}, .back_after_s = {}};
    const auto until = last_normal_s(found.began_s, stages);
    const auto first_late = std::find_if(seconds.begin(), seconds.end(),
                                         [&](const observed_second& s) { return s.end_s > until + 0.001; });
    set_normal(found, std::span(seconds.begin(), first_late));
    if (found.held_rps > 0)
        set_end(found, all);
    set_return(found, seconds);
    return found;
}

} // namespace beastmark::loadgen::recovery
