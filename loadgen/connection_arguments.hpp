// The flags of connections: how many, how long each is used.
#pragma once

#include "loadgen/run_arguments.hpp"

namespace beastmark::loadgen {

void add_connection_options(CLI::App& command, run_arguments& a);

/// After the clients and the streams were read. Throws std::invalid_argument with one clear line.
void read_connections(const run_arguments& a, run_options& o);

} // namespace beastmark::loadgen
