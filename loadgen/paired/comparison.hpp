// Which of two is better, by how much, and how sure that is: window by window what differs, and an interval
// for the mean of it. A pure function of what was recorded.
#pragma once

#include "loadgen/paired/windows.hpp"
#include "loadgen/statistics/mean_bootstrap.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen::paired {

using statistics::interval;

inline constexpr double confidence = 0.95;

/// One side of a comparison.
struct side {
    std::string name;
    std::vector<measured_stage> stages;
};

enum class finding {
    worse,
    better,
    no_difference, // none shown: 0 is within the interval, or the noise floor is not passed
};

/// "worse", "better", "no-difference".
std::string_view name_of(finding what);

struct difference {
    figure what{};
    double base = 0; // means over the windows
    double other = 0;
    double mean = 0;   // of other - base
    interval likely{}; // holds the true mean difference with 95 %
    interval surely{}; // all these of a comparison hold theirs with 95 %: by them it is judged
    std::optional<double> noise_floor{}; // how far the same thing was seen from itself
    finding found = finding::no_difference;

    /// Nothing where the base is 0.
    [[nodiscard]] std::optional<double> relative(double of) const {
        return base > 0 ? std::optional(of / base) : std::nullopt;
    }
};

struct tolerance {
    double share = 0.05;   // of the base
    double errors = 0.001; // of the error rate: itself

    [[nodiscard]] double of(const difference& d) const {
        return d.what == figure::error_rate ? errors : share * d.base;
    }
};

/// Worse, and by more than is tolerated: for all of `surely`.
bool is_regression(const difference& d, const tolerance& allowed);

/// No difference is shown by `surely`, but for all of `likely` it is worse by more than is tolerated.
bool may_be_regression(const difference& d, const tolerance& allowed);

/// A window of both.
struct window_difference {
    double t_s = 0; // of the base
    std::array<std::optional<double>, figure_count> values{};
};

struct compared_stage {
    std::size_t index = 0;
    double from_rps = 0;
    double to_rps = 0;
    std::size_t windows = 0;             // compared
    std::size_t unsteady = 0;            // left out at the beginning, before both were steady
    std::size_t doubtful = 0;            // left out because one of them is not to be believed
    std::optional<double> base_steady_s; // from when on, since the stage's beginning; nothing: never
    std::optional<double> other_steady_s;
    std::string why_not; // of a stage of which nothing is said

    /// It was made to be compared, and could not be: not a ramp, and not too short from the outset.
    [[nodiscard]] bool lacks_verdict() const {
        return !why_not.empty() && from_rps == to_rps &&
               windows + unsteady + doubtful >= statistics::mean_bootstrap::fewest_values;
    }

    std::vector<difference> differences;
    std::vector<window_difference> by_window;
};

struct comparison {
    std::string base;
    std::string other;
    std::vector<compared_stage> stages;
    std::size_t judged_together = 0; // figures whose `surely` hold together, of all comparisons made at once
    bool noise_known = false;        // of every difference
};

/// Compares each of `others` with `base`. Stages are matched by index, windows by place.
///
/// Of a stage nothing is said when one of the two was not steady (steadiness_of()), or fewer than
/// mean_bootstrap::fewest_values windows are left. False alarms: of comparisons of two things that do not
/// differ, at most 5 % find any figure of any stage worse or better (Bonferroni).
///
/// @param noise  one or several comparisons of the same thing with itself, by the same stages: a difference
///               that is not larger than the furthest end of theirs is none. Empty: not known.
std::vector<comparison> compare(const side& base, std::span<const side> others,
                                std::span<const comparison> noise = {});

} // namespace beastmark::loadgen::paired
