#include "loadgen/paired/pair_arguments.hpp"

#include "common/duration.hpp"
#include "loadgen/shard_arguments.hpp"
#include "loadgen/statistics/mean_bootstrap.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace beastmark::loadgen::paired {
namespace {

using namespace std::chrono_literals;

void require_two(const run_arguments& a, run_options& o) {
    if (a.null && o.targets.size() == 1) {
        auto twin = o.targets.front();
        twin.name += "-2";
        o.targets.push_back(std::move(twin));
    }
    if (o.targets.size() != 2)
        throw std::invalid_argument(fmt::format("--pair compares two targets, not {}: give --target a=URL "
                                                "--target b=URL; or one and --aa, which is "
                                                "measured twice",
                                                o.targets.size()));
    if (a.null && o.targets[0].where.text != o.targets[1].where.text)
        throw std::invalid_argument(
            fmt::format("--aa measures one target twice, and {} is not {}: leave out --aa, or give one URL",
                        o.targets[0].where.text, o.targets[1].where.text));
}

std::chrono::nanoseconds read_turn(const std::string& text) {
    const auto length = read_duration("--turn", text);
    if (length % 1s != 0s || length > 10min)
        throw std::invalid_argument(fmt::format("--turn '{}': give whole seconds, up to 10m", text));
    return length;
}

// Else a long run ends with nothing to say.
void require_windows(const run_options& o, const pair_options& pair) {
    constexpr auto fewest = statistics::mean_bootstrap::fewest_values;
    const auto longest = std::max_element(
        o.stages.begin() + (o.warmup.count() > 0 ? 1 : 0), o.stages.end(),
        [](const stage& a, const stage& b) { return a.duration / a.steps < b.duration / b.steps; });
    const auto needed = pair.turn_length * static_cast<std::int64_t>(fewest);
    if (longest->duration / longest->steps < needed)
        throw std::invalid_argument(
            fmt::format("--pair: no stage lasts {}: {} windows of {} are needed to say how sure a difference "
                        "is, better a minute of them",
                        format_duration(needed), fewest, format_duration(pair.turn_length)));
}

void require_turns(const run_arguments& a) {
    if (a.pair != "abba" && a.turn != run_arguments{}.turn)
        throw std::invalid_argument("--turn is the length of the turns of --pair abba: give that, too");
}

} // namespace

void add_pair_options(CLI::App& run, run_arguments& a) {
    run.add_option(
           "--pair", a.pair,
           "compare two targets: concurrent, the same arrivals for both at the same moments; abba, in turns")
        ->check(CLI::IsMember({"concurrent", "abba"}));
    run.add_option("--turn", a.turn, "how long a turn of --pair abba is")->capture_default_str();
    run.add_flag("--aa", a.null,
                 "with --pair: compare one target with itself. How far it is from itself is the noise floor");
    run.add_option("--noise-floor", a.noise_floor,
                   "result.json of a run with --aa: what does not pass its noise floor is no difference");
}

void read_pair(const run_arguments& a, run_options& o) {
    require_turns(a);
    if (a.pair.empty()) {
        if (a.null || !a.noise_floor.empty())
            throw std::invalid_argument("--aa and --noise-floor belong to a comparison: give --pair, too");
        return;
    }
    if (a.closed || o.share.of > 1)
        throw std::invalid_argument("--pair sends the same arrivals to both targets from one process: leave "
                                    "out --closed and --shard");
    if (a.null && !a.noise_floor.empty())
        throw std::invalid_argument("--aa measures the noise floor: leave out --noise-floor");
    require_two(a, o);
    pair_options pair;
    pair.null = a.null;
    pair.noise_floor = a.noise_floor;
    if (a.pair == "abba") {
        if (!a.prices.empty())
            throw std::invalid_argument("--pair abba compares the CPU of both over all turns: leave out "
                                        "--price-per-hour, or give --pair concurrent");
        pair.kind = pair_kind::abba;
        pair.turn_length = read_turn(a.turn);
        const schedule asked(o.stages, o.arrivals);
        pair.turns = take_turns(asked.segments().subspan(o.warmup.count() > 0 ? 1 : 0), pair.turn_length,
                                o.arrivals.seed);
    }
    require_windows(o, pair);
    o.pair = std::move(pair);
}

} // namespace beastmark::loadgen::paired
