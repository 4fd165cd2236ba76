#include "loadgen/connection_arguments.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace beastmark::loadgen {

void add_connection_options(CLI::App& command, run_arguments& a) {
    command.add_option("-c,--connections", a.connections, "connections to each target, over all threads")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
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
}

void read_connections(const run_arguments& a, run_options& o) {
    o.connections = o.clients.last > 0 ? o.clients.last : a.connections;
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
