#include "loadgen/shard_arguments.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/metrics_endpoint.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen {

void add_shard_options(CLI::App& run, run_arguments& a) {
    run.add_option("--shard", a.shard,
                   "I/N: send the I-th (from 0) of N shares of the arrivals; N processes together send all");
    run.add_option("--barrier", a.barrier,
                   "HOST:PORT of shard 0's --metrics: all shards begin together, and shard 0 merges what all "
                   "counted into DIR/merged (-o) and serves it, at /report.html and /result.json, until both "
                   "were fetched or --linger ends");
    run.add_option("--barrier-timeout", a.barrier_timeout,
                   "how long shards wait for one another, to begin and at the end; then it goes on without "
                   "who is missing")
        ->capture_default_str();
}

shard read_shard(const std::string& text) {
    if (text.empty())
        return {};
    const auto slash = text.find('/');
    const auto index = parse_number<std::uint32_t>(std::string_view(text).substr(0, slash));
    const auto of = slash == std::string::npos
                        ? std::nullopt
                        : parse_number<std::uint32_t>(std::string_view(text).substr(slash + 1));
    if (!index || !of || *of < 1 || *of > 10'000 || *index >= *of)
        throw std::invalid_argument(
            fmt::format("--shard '{}': write I/N, I from 0 to N-1 and N up to 10000, e.g. 0/4", text));
    return {*index, *of};
}

std::chrono::nanoseconds read_duration(const char* option, const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration || duration->count() <= 0)
        throw std::invalid_argument(
            fmt::format("{} '{}': give a duration above 0, e.g. 500ms, 30s or 2m", option, text));
    return *duration;
}

std::optional<barrier_options> read_barrier(const run_arguments& a, const shard& share) {
    if (a.barrier.empty()) {
        if (a.barrier_timeout != run_arguments{}.barrier_timeout)
            throw std::invalid_argument("--barrier-timeout is how long --barrier waits: give that, too");
        return std::nullopt;
    }
    const auto wrong = [&](std::string_view what) {
        return std::invalid_argument(fmt::format("--barrier '{}': {}", a.barrier, what));
    };
    if (a.shard.empty())
        throw wrong("shards begin together: give --shard I/N, too");
    if (a.output.empty())
        throw wrong("what was counted is handed on from a folder: give -o, too");
    if (share.index == 0 && a.metrics.empty())
        throw wrong("shard 0 listens on its --metrics: give that, too");
    host_and_port where;
    try {
        where = parse_host_and_port(a.barrier);
    } catch (const std::invalid_argument& problem) {
        throw wrong(fmt::format("{}; write HOST:PORT, of shard 0's --metrics", problem.what()));
    }
    if (where.port == 0)
        throw wrong("the port is missing; write HOST:PORT, of shard 0's --metrics");
    if (share.index == 0 && parse_metrics_address(a.metrics).port != where.port)
        throw wrong(
            fmt::format("the others would ask that port, shard 0 listens on --metrics {}", a.metrics));
    return barrier_options{where, read_duration("--barrier-timeout", a.barrier_timeout)};
}

} // namespace beastmark::loadgen
