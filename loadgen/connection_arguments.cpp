#include "loadgen/connection_arguments.hpp"

#include "common/descriptor_limit.hpp"
#include "common/number.hpp"
#include "loadgen/run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/un.h>

namespace beastmark::loadgen {

namespace {

constexpr std::uint32_t most_connections = 1'000'000;
constexpr std::uint32_t most_at_once = 1'000'000; // requests of a target
constexpr std::uint32_t usual_bound = 10'000;     // of -c auto

// As many of a target as the descriptor limit and the limit of requests at once have room for.
std::uint32_t room_for_connections(const run_options& o) {
    const auto others = descriptors_needed(0, o.targets.size(), o.threads);
    const auto limit = raise_descriptor_limit();
    const auto room = limit > others ? (limit - others) / o.targets.size() : 0;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(room, 1, std::min(usual_bound, most_at_once / o.streams)));
}

void read_count(const run_arguments& a, run_options& o) {
    o.rules.automatic = a.connections == "auto";
    if (a.max_connections && !o.rules.automatic)
        throw std::invalid_argument("--max-connections is the bound of -c auto: give both, or neither");
    if (o.rules.automatic) {
        if (o.stages.front().kind == stage_kind::closed)
            throw std::invalid_argument(
                "-c auto follows the arrivals, and a closed loop has none: give a number with -c");
        o.connections = a.max_connections ? *a.max_connections : room_for_connections(o);
        return;
    }
    const auto count = parse_number<std::uint32_t>(a.connections);
    if (!count || *count < 1 || *count > most_connections)
        throw std::invalid_argument(fmt::format("-c '{}': give a number of connections from 1 to {}, or auto",
                                                a.connections, most_connections));
    o.connections = o.clients.last > 0 ? o.clients.last : *count;
}

void require_room_for_streams(const run_options& o) {
    const auto at_once = std::uint64_t{o.streams} * o.connections;
    if (at_once > most_at_once)
        throw std::invalid_argument(fmt::format("{} connections ({}) of {} streams (--streams) are {} "
                                                "requests at once, above the limit of {}",
                                                o.connections, o.rules.automatic ? "--max-connections" : "-c",
                                                o.streams, at_once, most_at_once));
}

// A path may have a '=' in it, too.
std::pair<std::string, std::string> read_unix_socket(const std::string& text, const run_options& o) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    const auto wrong = [&](std::string_view why) {
        return std::invalid_argument(
            fmt::format("--unix-socket '{}': {}; write PATH, or NAME=PATH of a target", text, why));
    };
    std::string name = text.substr(0, text.find('='));
    const bool named =
        name.size() < text.size() &&
        std::any_of(o.targets.begin(), o.targets.end(), [&](const target_spec& t) { return t.name == name; });
    if (!named && o.targets.size() > 1)
        throw wrong("of which target?");
    auto path = named ? text.substr(name.size() + 1) : text;
    if (path.empty() || path.size() > longest)
        throw wrong(fmt::format("a path has 1 to {} bytes", longest));
    if (!named)
        name = o.targets.front().name;
    return {std::move(name), std::move(path)};
}

void read_unix_sockets(const run_arguments& a, run_options& o) {
    for (const auto& text : a.unix_sockets)
        if (const auto read = read_unix_socket(text, o); !o.unix_sockets.insert(read).second)
            throw std::invalid_argument(
                fmt::format("--unix-socket '{}': '{}' has one already", text, read.first));
    if (o.unix_sockets.empty())
        return;
    if (!a.source_ip.empty() || !a.dns_ttl.empty())
        throw std::invalid_argument("--unix-socket has no addresses: leave out --source-ip and --dns-ttl");
}

} // namespace

void add_connection_options(CLI::App& command, run_arguments& a) {
    command
        .add_option("-c,--connections", a.connections,
                    "connections to each target, over all threads; auto: as many as it takes, which follows "
                    "from rate and service time (Little's law) while it runs")
        ->capture_default_str();
    command
        .add_option("--max-connections", a.max_connections,
                    "what -c auto stays within, each target [10000, or what the descriptor limit "
                    "and 1000000 requests at once have room for]")
        ->check(CLI::Range(1U, most_connections));
    command
        .add_option("--keepalive", a.keepalive,
                    "off: each request makes a connection of its own, TLS included, as part of its service "
                    "time and timeout, and asks the service to close it")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    command
        .add_option("--requests-per-connection", a.requests_per_connection,
                    "close a connection after so many requests and make it anew before the next [never]")
        ->check(CLI::Range(1U, UINT32_MAX));
    command.add_option(
        "--source-ip", a.source_ip,
        "A[,B...]: addresses of this machine that connections come from in turn, for more than "
        "the 28,000 that one has ports for [the kernel's choice]");
    command
        .add_option("--unix-socket", a.unix_sockets,
                    "PATH of the Unix socket to connect to instead of the URL's host and port, or NAME=PATH "
                    "of a target; repeatable")
        ->allow_extra_args(false);
}

void read_connections(const run_arguments& a, run_options& o) {
    read_count(a, o);
    require_room_for_streams(o);
    read_unix_sockets(a, o);
    if (!a.source_ip.empty())
        o.rules.sources = source_addresses::parse(a.source_ip);
    o.rules.keep_alive = a.keepalive == "on";
    o.rules.requests = a.requests_per_connection.value_or(0);
    if (o.rules.keep_alive)
        return;
    if (a.http2)
        throw std::invalid_argument(
            "--keepalive off is of HTTP/1.1: give --requests-per-connection 1 with --http2");
    if (a.requests_per_connection)
        throw std::invalid_argument(
            "--keepalive off is a connection for each request: leave out --requests-per-connection");
}

} // namespace beastmark::loadgen
