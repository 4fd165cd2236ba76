#include "loadgen/stage_arguments.hpp"

#include "loadgen/client_arguments.hpp"
#include "loadgen/interop/k6_stages.hpp"
#include "loadgen/shard_arguments.hpp"

#include <stdexcept>

namespace beastmark::loadgen {

std::vector<stage> read_stages(const run_arguments& a) {
    std::vector<stage> stages;
    if (a.closed || !a.clients.empty()) {
        if (!a.rate.empty() || !a.stages.empty() || !a.k6_stages.empty() || a.arrivals != "uniform" ||
            a.on_late != "send")
            throw std::invalid_argument(
                "--closed sends as fast as answers come: leave out -R, --stage, --arrivals and "
                "--on-late");
        if (const auto steps = read_client_stages(a); !steps.empty())
            return steps;
        return {{stage_kind::closed, read_duration("-d", a.duration.empty() ? "10s" : a.duration), 0, 0, 1}};
    }
    if (!a.k6_stages.empty()) {
        if (!a.rate.empty() || !a.duration.empty() || !a.stages.empty())
            throw std::invalid_argument("--k6-stage holds rate and duration: leave out -R, -d and --stage");
        return interop::read_k6_stages(a.k6_start_rate, a.k6_stages);
    }
    if (a.k6_start_rate != run_arguments{}.k6_start_rate)
        throw std::invalid_argument("--k6-start-rate is where the first --k6-stage begins: give that, too");
    if (!a.stages.empty()) {
        if (!a.rate.empty() || !a.duration.empty())
            throw std::invalid_argument("--stage holds rate and duration: leave out -R and -d");
        for (const auto& text : a.stages)
            stages.push_back(parse_stage(text));
        return stages;
    }
    if (a.rate.empty())
        throw std::invalid_argument(
            "no rate: give -R RATE (requests per second), --stage DUR:RATE or --closed");
    const auto rate = parse_rate(a.rate);
    const auto duration = read_duration("-d", a.duration.empty() ? "10s" : a.duration);
    return {{stage_kind::hold, duration, rate, rate, 1}};
}

void prepend_warmup(std::vector<stage>& stages, std::chrono::nanoseconds warmup) {
    const auto first = stages.front();
    if (first.kind != stage_kind::closed && !(first.from_rps > 0))
        throw std::invalid_argument(
            "--warmup: the first stage begins at 0 requests per second, with which nothing "
            "warms up: begin it at a rate above 0");
    stages.insert(stages.begin(), {first.kind == stage_kind::closed ? stage_kind::closed : stage_kind::hold,
                                   warmup, first.from_rps, first.from_rps, 1});
}

} // namespace beastmark::loadgen
