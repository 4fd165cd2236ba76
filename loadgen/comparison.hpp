// Several results of several targets, each loaded alone by the same ladder of held rates: what they came to
// beside each other.
#pragma once

#include "loadgen/compared_run.hpp"
#include "loadgen/comparison_numbers.hpp"
#include "loadgen/held_rate.hpp"
#include "loadgen/spread.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// A target at one rate, over its rounds.
struct stage_over_rounds {
    double rate_rps = 0;
    bool believable = false; // false: no round's is, and the values are of all the same
    std::array<std::optional<spread>, measure_count> values{};
};

struct compared_target {
    std::string name;
    std::optional<std::size_t> twin_of; // the target that is the same program: "cpp-2" of "cpp"
    std::vector<compared_run> rounds;
    std::vector<held_rate> held; // of each round
    std::vector<stage_over_rounds> stages;
    std::size_t stages_measured = 0;
    std::size_t stages_not_believed = 0;
};

/// One figure of all targets. The vectors have an entry for each target; ratios are to the first one, round
/// by round, and have none for it.
struct compared_figure {
    std::string title;
    std::string note; // what is better, or where it was taken
    quantity unit{};
    std::vector<std::optional<spread>> values;
    std::vector<std::optional<spread>> ratios;   // this target over the first
    std::vector<std::optional<spread>> inverses; // the first over this target
    /// furthest_from_one() of the same program measured twice; 0 where none was, nothing where one was and
    /// this figure does not say.
    std::optional<double> noise = 0;
};

struct comparison {
    objective wanted;
    std::vector<compared_target> targets; // in order of appearance
    std::vector<compared_figure> table;   // the first is the highest rate held
    double lowest_rps = 0;                // of the rates that all were asked for
    double highest_rps = 0;
    std::optional<double> equal_rps; // the highest that all held, by their medians
};

struct comparison_outcome {
    std::optional<comparison> found;
    std::string why_not; // results that look like rounds of one comparison but are none; else empty
};

/// A comparison takes two results or more, of open loops and one method, with stages that hold a rate. The
/// k-th result of a target is its round k. Where their ladders overlap they have to have the same rates.
comparison_outcome compare(std::span<const nlohmann::json> results, const objective& wanted = {});

} // namespace beastmark::loadgen
