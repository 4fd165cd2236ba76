#include "loadgen/interop/k6_stages.hpp"

#include "common/duration.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen::interop {

namespace {

// Moves `rate` to the stage's target; the stage has no duration when it jumps there.
stage read_stage(std::string_view text, double& rate) {
    const auto colon = text.find(':');
    const auto duration = parse_duration(text.substr(0, colon));
    const auto target = colon == std::string_view::npos ? std::nullopt : rate_from(text.substr(colon + 1));
    if (!duration || !target)
        throw std::invalid_argument(fmt::format(
            "--k6-stage '{}': write DURATION:TARGET as k6 does, e.g. 30s:200: in 30 s to 200 requests per "
            "second, from the target before",
            text));
    const auto from = rate;
    rate = *target;
    return {from == rate ? stage_kind::hold : stage_kind::linear, *duration, from, rate, 1};
}

} // namespace

std::vector<stage> read_k6_stages(const std::string& start_rate, const std::vector<std::string>& texts) {
    const auto start = rate_from(start_rate);
    if (!start)
        throw std::invalid_argument(fmt::format(
            "--k6-start-rate '{}': give requests per second, 0 or more, e.g. 0 or 100", start_rate));
    auto rate = *start;
    std::vector<stage> stages;
    for (const auto& text : texts)
        if (const auto read = read_stage(text, rate); read.duration.count() > 0)
            stages.push_back(read);
    if (stages.empty())
        throw std::invalid_argument("--k6-stage: every stage lasts 0s: give one that lasts, e.g. 30s:200");
    return stages;
}

} // namespace beastmark::loadgen::interop
