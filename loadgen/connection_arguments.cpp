#include "loadgen/connection_arguments.hpp"

#include <CLI/CLI.hpp>

namespace beastmark::loadgen {

void add_connection_options(CLI::App& command, run_arguments& a) {
    command.add_option("-c,--connections", a.connections, "connections to each target, over all threads")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command
        .add_option("--requests-per-connection", a.requests_per_connection,
                    "close a connection after so many requests and make it anew before the next [never]")
        ->check(CLI::Range(1U, UINT32_MAX));
}

void read_connections(const run_arguments& a, run_options& o) {
    o.connections = o.clients.last > 0 ? o.clients.last : a.connections;
    o.rules.requests = a.requests_per_connection.value_or(0);
}

} // namespace beastmark::loadgen
