// From when on a stage's windows were steady.
#pragma once

#include "loadgen/paired/windows.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>

namespace beastmark::loadgen::paired {

struct steadiness {
    std::size_t left_out = 0;     // windows at the beginning
    std::optional<double> from_s; // since the stage's beginning; nothing: never
    bool judged = true;           // false: too few windows; nothing is left out then
    bool failed_in_part = false; // why it never was: answers failed for some of the time, more than otherwise
};

/// By MSER-5 of the median response time of windows to be believed. One whose availability was not the same
/// all the time, by more than 5 points of the mean, never was steady.
steadiness steadiness_of(const measured_stage& stage);

/// Says of each stage of `result` that can be judged, `steady_from_s`: null when it never was.
void add_steady_state(nlohmann::json& result);

} // namespace beastmark::loadgen::paired
