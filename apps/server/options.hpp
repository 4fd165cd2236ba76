// What every service can be told on its command line or by environment.
#pragma once

#include "server/limits.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace beastmark::server {

struct options {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8080;
    std::string admin_address = "0.0.0.0";
    std::uint16_t admin_port = 8081;
    unsigned threads = 0;            ///< 0: as many as cores are allowed
    std::size_t max_connections = 0; ///< in total; 0: what the descriptor limit leaves
    std::chrono::nanoseconds header_timeout = std::chrono::seconds{5};
    std::chrono::nanoseconds body_timeout = std::chrono::seconds{5};
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds{60};
    std::chrono::nanoseconds write_timeout = std::chrono::seconds{5};
    std::size_t max_head_bytes = request_limits::default_head_bytes;
    std::size_t max_headers = request_limits::default_headers;
    std::size_t max_body_bytes = request_limits::default_body_bytes;
    connection_limits connection{};
    std::chrono::nanoseconds drain_delay{0};
    std::chrono::nanoseconds drain_grace = std::chrono::seconds{3};
    std::chrono::nanoseconds drain_timeout = std::chrono::seconds{10};
    std::string log_level = "info";
    std::string log_format = "text";
};

/// Adds the flags of `options`, --version, and for each flag its environment variable (--admin-port:
/// BEASTMARK_ADMIN_PORT). A flag wins over the environment, the environment over the default.
void add_options(CLI::App& app, options& into);

/// A flag that takes a duration ("500ms", "1m30s") of at least `least`, with its environment variable.
CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::nanoseconds& into,
                          const std::string& help,
                          std::chrono::nanoseconds least = std::chrono::milliseconds{1});

/// Names the environment variable of a flag, for options that a program adds itself.
CLI::Option* with_environment(CLI::Option* option);

/// Runs a program's main: parses, sets up logging, calls `body`, and turns an exception into one line on
/// stderr.
/// @return the exit code: that of `body`; 0 after --help and --version; 1 when `body` threw; 2 on wrong
/// usage.
int run_main(CLI::App& app, int argc, char** argv, const options& parsed, const std::function<int()>& body);

} // namespace beastmark::server
