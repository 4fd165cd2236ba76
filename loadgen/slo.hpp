// --slo 'p99<50ms': what a service has to keep over the whole measured run for its exit code to be 0.
#pragma once

#include "loadgen/condition.hpp"
#include "loadgen/run.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// One objective, judged for one target.
struct slo_result {
    std::string text;   // as given
    std::string target; // whose figure is on the left side
    metric what{};
    std::optional<double> value; // nothing: nothing to judge
    std::optional<double> bound;
    bool censored = false; // `value` is that of a request given up on: the true one is larger
    bool pass = false;
    std::uint64_t slowest_of = 0; // a percentile that is the slowest of so few responses; 0: there are enough
};

/// As condition::parse(), without a duration: an objective is judged over the whole run. Throws
/// std::invalid_argument with one clear line.
condition parse_slo(std::string_view text);

/// Throws std::invalid_argument with one clear line when an objective names a target that is not there.
void require_targets(std::span<const condition> objectives, std::span<const std::string> names);

/// Judges the seconds that are to be believed; an objective that names no target is judged for each. Where
/// there is nothing to judge it is not kept; nor is an upper bound when the figure is a timeout's: how long
/// that request would have taken is not known.
std::vector<slo_result> judge_slos(std::span<const condition> objectives, const run_record& record);

/// What an objective is judged by: a target's figures.
struct judged_target {
    std::string name;
    row figures;
};

/// The same by these figures, of one target each, whose requests had this timeout: a stage's, for example.
std::vector<slo_result> judge_slos(std::span<const condition> objectives,
                                   std::span<const judged_target> targets, run_time timeout);

/// Judges an objective without a figure on its right side by `figures` of the target, whose requests had this
/// timeout; as judge_slos() does.
slo_result judge_slo(const condition& objective, const std::string& target, const row& figures,
                     run_time timeout);

/// "PASS  go p99<50ms  3.21 ms".
std::string text_of(const slo_result& result);

/// " (the slowest of 20; p99 takes 100)" of a percentile that takes more responses than there were, else "".
std::string note_of_few(const slo_result& result);

} // namespace beastmark::loadgen
