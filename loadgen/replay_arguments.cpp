#include "loadgen/replay_arguments.hpp"

#include "common/number.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <stdexcept>

namespace beastmark::loadgen {

namespace {

constexpr double least_speed = 1e-3;
constexpr double most_speed = 1e6;

double read_speed(const std::string& text) {
    const auto speed = parse_number<double>(text);
    const bool sensible = speed && *speed >= least_speed && *speed <= most_speed; // not so of "nan"
    if (!sensible)
        throw std::invalid_argument(fmt::format(
            "--replay-speed '{}': give a number from 0.001 to 1000000, e.g. 2 for twice as fast", text));
    return *speed;
}

} // namespace

void add_replay_options(CLI::App& run, run_arguments& a) {
    run.add_option(
        "--replay", a.replay,
        "access log whose requests are sent at its times: Common or Combined Log Format, or lines of JSON "
        "with ts, method, path and body; their paths go behind the URL's");
    run.add_option("--replay-speed", a.replay_speed, "so many times as fast as the log")
        ->capture_default_str();
}

std::shared_ptr<const replay_log> read_replay(const run_arguments& a) {
    const auto speed = read_speed(a.replay_speed);
    if (a.replay.empty()) {
        if (speed != 1)
            throw std::invalid_argument("--replay-speed is of a log: give --replay FILE, too");
        return nullptr;
    }
    if (!a.rate.empty() || !a.duration.empty() || !a.stages.empty() || !a.k6_stages.empty() || a.closed ||
        !a.clients.empty() || a.arrivals != "uniform")
        throw std::invalid_argument("--replay holds the times of all requests: leave out -R, -d, --stage, "
                                    "--k6-stage, --closed, --clients and --arrivals");
    if (!a.method.empty() || !a.body.empty() || !a.requests.empty())
        throw std::invalid_argument("--replay holds the requests: leave out -m, -b and --requests");
    if (!a.warmup.empty())
        throw std::invalid_argument(
            "--warmup is at the rate of the first stage, and a log of --replay has no rate: "
            "leave one of them out");
    if (a.pair == "abba")
        throw std::invalid_argument(
            "--pair abba takes turns at a rate, and a log of --replay has none: give --pair "
            "concurrent");
    return std::make_shared<const replay_log>(read_replay(a.replay, speed));
}

std::vector<stage> stages_of(const replay_log& log) {
    const auto rate = log.mean_rps();
    return {{stage_kind::replay, log.duration, rate, rate, 1}};
}

} // namespace beastmark::loadgen
