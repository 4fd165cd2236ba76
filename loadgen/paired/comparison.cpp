#include "loadgen/paired/comparison.hpp"

#include "loadgen/paired/steady.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace beastmark::loadgen::paired {
namespace {

using statistics::mean_bootstrap;

// What a histogram does not tell apart.
constexpr double histogram_resolution = 1e-3;

const window* at_place(const measured_stage& of, std::size_t place) {
    const auto found = std::lower_bound(of.windows.begin(), of.windows.end(), place,
                                        [](const window& w, std::size_t p) { return w.place < p; });
    return found == of.windows.end() || found->place != place ? nullptr : &*found;
}

struct both {
    const window* base = nullptr;
    const window* other = nullptr;
};

// A stage of both, before anything is judged.
struct matched {
    compared_stage stage;
    std::vector<both> windows;

    // Where there is a value of both.
    [[nodiscard]] std::vector<both> with(figure what) const {
        std::vector<both> found;
        std::copy_if(windows.begin(), windows.end(), std::back_inserter(found),
                     [&](const both& w) { return w.base->value(what) && w.other->value(what); });
        return found;
    }
};

// A side of a stage.
struct judged_side {
    const std::string& name;
    steadiness steady;
};

std::string why_not(const matched& m, const judged_side& base, const judged_side& other) {
    for (const auto* one : {&base, &other})
        if (one->steady.failed_in_part)
            return fmt::format("{} failed for a part of the time, which a mean over all of it would hide",
                               one->name);
    if (!m.stage.base_steady_s || !m.stage.other_steady_s) {
        const auto who = m.stage.base_steady_s    ? other.name
                         : m.stage.other_steady_s ? base.name
                                                  : base.name + " and " + other.name;
        return fmt::format("{} did not become steady: hold the rate for longer, or warm up (--warmup)", who);
    }
    if (m.windows.size() < mean_bootstrap::fewest_values)
        return fmt::format("{} windows can be compared, it takes {}: hold the rate for longer",
                           m.windows.size(), mean_bootstrap::fewest_values);
    return {};
}

matched match(const measured_stage& base, const measured_stage& other, const std::string& base_name,
              const std::string& other_name) {
    matched m;
    m.stage.index = base.index;
    m.stage.from_rps = base.from_rps;
    m.stage.to_rps = base.to_rps;
    // What is too short to be compared is not called unsteady.
    const bool enough = std::min(base.windows.size(), other.windows.size()) >= mean_bootstrap::fewest_values;
    const auto base_steady = enough ? steadiness_of(base) : steadiness{0, 0};
    const auto other_steady = enough ? steadiness_of(other) : steadiness{0, 0};
    m.stage.base_steady_s = base_steady.from_s;
    m.stage.other_steady_s = other_steady.from_s;
    const auto first = std::max(base_steady.left_out, other_steady.left_out);
    for (std::size_t i = 0; i < base.windows.size(); ++i) {
        const auto& one = base.windows[i];
        const auto* same = at_place(other, one.place);
        if (same == nullptr)
            continue;
        if (i < first)
            ++m.stage.unsteady;
        else if (!one.believable || !same->believable)
            ++m.stage.doubtful;
        else
            m.windows.push_back({&one, same});
    }
    m.stage.windows = m.windows.size();
    m.stage.why_not = why_not(m, {base_name, base_steady}, {other_name, other_steady});
    return m;
}

std::vector<window_difference> by_window(const std::vector<both>& windows) {
    std::vector<window_difference> all;
    for (const auto& [base, other] : windows) {
        auto& one = all.emplace_back();
        one.t_s = base->t_s;
        for (std::size_t i = 0; i < figure_count; ++i)
            if (base->values[i] && other->values[i])
                one.values[i] = *other->values[i] - *base->values[i];
    }
    return all;
}

// As far as the difference of two shares can be.
interval within_shares(const interval& of) {
    return {std::max(of.low, -1.0), std::min(of.high, 1.0)};
}

double furthest(const interval& of) {
    return std::max(std::abs(of.low), std::abs(of.high));
}

// Of the same stage and figure, measured twice.
std::optional<double> noise_floor(std::span<const comparison> noise, std::size_t stage, figure what) {
    std::optional<double> floor;
    for (const auto& null : noise)
        for (const auto& s : null.stages)
            for (const auto& d : s.differences)
                if (s.index == stage && d.what == what)
                    floor = std::max(floor.value_or(0), furthest(d.likely));
    return floor;
}

double least_worse(figure what, const interval& of) {
    return more_is_worse(what) ? of.low : -of.high;
}

finding judge(const difference& d) {
    const bool is_time = d.what == figure::p50_us || d.what == figure::p99_us;
    const auto floor = std::max(d.noise_floor.value_or(0), is_time ? histogram_resolution * d.base : 0);
    if (d.surely.contains(0) || std::abs(d.mean) <= floor)
        return finding::no_difference;
    return (d.mean > 0) == more_is_worse(d.what) ? finding::worse : finding::better;
}

difference difference_of(const std::vector<both>& windows, figure what, std::size_t judged_together) {
    difference d{.what = what};
    std::vector<double> series;
    for (const auto& [base, other] : windows) {
        d.base += *base->value(what);
        d.other += *other->value(what);
        series.push_back(*other->value(what) - *base->value(what));
    }
    d.base /= static_cast<double>(series.size());
    d.other /= static_cast<double>(series.size());
    const auto surely = 1 - (1 - confidence) / static_cast<double>(judged_together);
    const mean_bootstrap mean(series);
    d.mean = mean.mean();
    d.likely = mean.at(confidence);
    d.surely = mean.at(surely);
    if (what == figure::error_rate) {
        d.likely = within_shares(d.likely);
        d.surely = within_shares(d.surely);
    }
    return d;
}

void judge(matched& m, std::span<const comparison> noise, std::size_t judged_together) {
    m.stage.by_window = by_window(m.windows);
    for (std::size_t i = 0; m.stage.why_not.empty() && i < figure_count; ++i) {
        const auto what = static_cast<figure>(i);
        const auto windows = m.with(what);
        if (windows.size() < mean_bootstrap::fewest_values)
            continue;
        auto d = difference_of(windows, what, judged_together);
        d.noise_floor = noise_floor(noise, m.stage.index, what);
        d.found = judge(d);
        m.stage.differences.push_back(d);
    }
}

bool has_noise_floors(const comparison& all) {
    return std::ranges::all_of(all.stages, [](const compared_stage& stage) {
        return std::ranges::all_of(stage.differences,
                                   [](const auto& d) { return d.noise_floor.has_value(); });
    });
}

std::size_t judged(const matched& m) {
    std::size_t count = 0;
    for (std::size_t i = 0; m.stage.why_not.empty() && i < figure_count; ++i)
        if (m.with(static_cast<figure>(i)).size() >= mean_bootstrap::fewest_values)
            ++count;
    return count;
}

} // namespace

std::string_view name_of(finding what) {
    switch (what) {
    case finding::worse:
        return "worse";
    case finding::better:
        return "better";
    case finding::no_difference:
        break;
    }
    return "no-difference";
}

bool is_regression(const difference& d, const tolerance& allowed) {
    return d.found == finding::worse && least_worse(d.what, d.surely) > allowed.of(d);
}

bool may_be_regression(const difference& d, const tolerance& allowed) {
    return d.found == finding::no_difference &&
           least_worse(d.what, d.likely) > std::max(allowed.of(d), d.noise_floor.value_or(0));
}

std::vector<comparison> compare(const side& base, std::span<const side> others,
                                std::span<const comparison> noise) {
    std::vector<std::vector<matched>> all;
    std::size_t judged_together = 0;
    for (const auto& other : others) {
        auto& stages = all.emplace_back();
        for (const auto& one : base.stages)
            for (const auto& same : other.stages)
                if (one.index == same.index)
                    stages.push_back(match(one, same, base.name, other.name));
        for (const auto& m : stages)
            judged_together += judged(m);
    }
    std::vector<comparison> found;
    for (std::size_t i = 0; i < others.size(); ++i) {
        comparison c{base.name, others[i].name, {}, judged_together};
        for (auto& m : all[i]) {
            judge(m, noise, judged_together);
            c.stages.push_back(std::move(m.stage));
        }
        c.noise_known = !noise.empty() && has_noise_floors(c);
        found.push_back(std::move(c));
    }
    return found;
}

} // namespace beastmark::loadgen::paired
