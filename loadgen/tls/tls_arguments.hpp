// The flags of HTTPS.
#pragma once

#include "loadgen/run_arguments.hpp"
#include "loadgen/tls/tls_options.hpp"
#include "loadgen/url.hpp"

#include <span>

namespace beastmark::loadgen {

void add_tls_options(CLI::App& command, run_arguments& a);

/// Throws std::invalid_argument with one clear line.
tls_options read_tls(const run_arguments& a, std::span<const target_spec> targets);

} // namespace beastmark::loadgen
