#include "loadgen/held_rate.hpp"

#include "loadgen/comparison_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {
namespace {

/// As page/words.js has them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> causes{
    {{"failures", "requests failed"},
     {"backlog", "requests waited, the service was slow"},
     {"own-cpu", "a load thread used a whole core"},
     {"quota", "its CPU quota stopped the load generator"},
     {"connections", "too few connections"},
     {"stall", "the load generator stood still"},
     {"run-queue", "another process took its core"},
     {"steal", "the hypervisor took CPU time"},
     {"retransmission", "the network lost packets"}}};

enum class outcome_of_stage { held, missed, undecided };

outcome_of_stage judge(const compared_stage& stage, const compared_run& run, const objective& wanted) {
    if (!stage.believable)
        return outcome_of_stage::undecided;
    const auto p99 = stage.value(measure::p99_us);
    const auto availability = stage.value(measure::availability);
    const auto kept = p99 && *p99 < wanted.p99_us && availability && *availability > wanted.availability;
    if (stage.complete)
        return kept ? outcome_of_stage::held : outcome_of_stage::missed;
    return !kept && run.stopped ? outcome_of_stage::missed : outcome_of_stage::undecided;
}

std::string why_undecided(const compared_stage& stage) {
    const auto rate = rate_text(stage.rate_rps);
    return stage.believable ? fmt::format("the run ended during {}/s", rate)
                            : fmt::format("{}/s is not to be believed ({})", rate, verdict_in_words(stage));
}

} // namespace

std::string verdict_in_words(const compared_stage& stage) {
    const auto* const known = std::find_if(causes.begin(), causes.end(),
                                           [&](const auto& cause) { return cause.first == stage.cause; });
    return known == causes.end() ? stage.verdict : fmt::format("{}: {}", stage.verdict, known->second);
}

held_rate find_held_rate(const compared_run& run, const objective& wanted) {
    constexpr auto open = std::numeric_limits<double>::infinity();
    double held = 0;
    // The first and the last since the one that was held.
    const compared_stage* undecided = nullptr;
    const compared_stage* last_undecided = nullptr;
    for (const compared_stage& stage : run.stages) {
        switch (judge(stage, run, wanted)) {
        case outcome_of_stage::held:
            held = stage.rate_rps;
            undecided = nullptr;
            break;
        case outcome_of_stage::undecided:
            undecided = undecided == nullptr ? &stage : undecided;
            last_undecided = &stage;
            break;
        case outcome_of_stage::missed:
            if (undecided == nullptr)
                return {bounds{held, held}, {}};
            if (held == 0)
                return {std::nullopt, why_undecided(*undecided)};
            return {
                bounds{held, last_undecided->rate_rps},
                fmt::format("{}, {}/s was too much", why_undecided(*undecided), rate_text(stage.rate_rps))};
        }
    }
    if (run.stages.empty())
        return {std::nullopt, "no rate was asked of it"};
    if (undecided == nullptr)
        return {bounds{held, open}, fmt::format("{}/s, the highest rate asked, was held", rate_text(held))};
    if (held == 0)
        return {std::nullopt, why_undecided(*undecided)};
    return {bounds{held, open}, why_undecided(*undecided)};
}

} // namespace beastmark::loadgen
