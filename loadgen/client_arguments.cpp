#include "loadgen/client_arguments.hpp"

#include "common/number.hpp"
#include "loadgen/shard_arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen {

namespace {

constexpr std::uint32_t most_clients = 10'000; // each number of them is a stage

} // namespace

void add_client_options(CLI::App& run, run_arguments& a) {
    run.add_option(
        "--clients", a.clients,
        "N or A..B: so many clients instead of -c, a connection each, in a closed loop (as --closed); from "
        "A to B another joins --step-every. Coordinated: a slow service is asked for less");
    run.add_option("--step-every", a.step_every, "how long there are so many --clients before another joins");
    run.add_option("--think", a.think,
                   "how long a client of a closed loop waits between an answer and its next request [0s]");
    run.add_option(
           "--reference-config", a.reference_config,
           "Tester.toml of the reference tester, as the file behind all other settings: its clients, delays "
           "and timeout; a request \"post\" is a device")
        ->configurable(false);
}

client_steps read_clients(const run_arguments& a) {
    client_steps clients;
    if (!a.think.empty()) {
        if (a.clients.empty() && !a.closed)
            throw std::invalid_argument("--think is a closed loop's: give --clients or --closed, too");
        clients.think = read_duration("--think", a.think);
    }
    if (a.clients.empty()) {
        if (!a.step_every.empty())
            throw std::invalid_argument("--step-every: give --clients A..B, too");
        return clients;
    }
    const std::string_view text = a.clients;
    const auto dots = text.find("..");
    const auto first = parse_number<std::uint32_t>(text.substr(0, dots));
    const auto last =
        dots == std::string_view::npos ? first : parse_number<std::uint32_t>(text.substr(dots + 2));
    if (!first || !last || *first < 1 || *last < *first || *last > most_clients)
        throw std::invalid_argument(fmt::format("--clients '{}': write N or A..B, from 1 to {}, e.g. 1..100",
                                                a.clients, most_clients));
    clients.first = *first;
    clients.last = *last;
    if (*first == *last && !a.step_every.empty())
        throw std::invalid_argument(
            "--step-every: no client joins: give --clients A..B, or leave it out for -d");
    if (*first < *last) {
        if (a.step_every.empty() || !a.duration.empty())
            throw std::invalid_argument(fmt::format(
                "--clients {}: give --step-every, how long each number of them lasts, instead of -d",
                a.clients));
        clients.every = read_duration("--step-every", a.step_every);
    }
    return clients;
}

std::vector<stage> read_client_stages(const run_arguments& a) {
    const auto clients = read_clients(a);
    if (clients.first == clients.last)
        return {};
    return std::vector<stage>(clients.last - clients.first + 1, {stage_kind::closed, clients.every, 0, 0, 1});
}

} // namespace beastmark::loadgen
