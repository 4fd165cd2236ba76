// The command line of `loadgen run`: its flags, and what they are checked and converted to.
#pragma once

#include "loadgen/run_options.hpp"
#include "loadgen/settings/settled.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

/// The texts of the command line, before they are checked.
struct run_arguments {
    std::string url;
    std::vector<std::string> targets;
    std::string rate;
    bool closed = false;
    std::string clients;
    std::string step_every;
    std::string think;
    std::string reference_config;
    std::string duration; // "10s" when neither this nor a stage is given
    std::vector<std::string> stages;
    std::vector<std::string> k6_stages;
    std::string k6_start_rate = "0";
    std::string connections = "64";
    std::optional<std::uint32_t> max_connections;
    std::string keepalive = "on";
    std::optional<std::uint32_t> requests_per_connection;
    std::string source_ip;
    std::vector<std::string> unix_sockets;
    std::string threads;
    bool http2 = false;
    std::optional<std::uint32_t> streams;
    std::string method;
    std::string body;
    std::vector<std::string> headers;
    std::string requests;
    std::string replay;
    std::string replay_speed = "1";
    bool insecure = false;
    tls_options tls; // but for verify
    std::string timeout = "1s";
    std::string dns_ttl;
    std::optional<unsigned> expect;
    std::string expect_body;
    std::string warmup;
    std::string on_late = "send";
    std::string late_after = "10ms";
    bool spin = false;
    std::string arrivals = "uniform";
    std::uint64_t seed = 1;
    std::string shard;
    std::string barrier;
    std::string barrier_timeout = "60s";
    std::string pair;
    std::string turn = "2s";
    bool null = false; // --aa
    std::string noise_floor;
    std::string stop_when;
    std::vector<std::string> slos;
    std::string output;
    std::string name;
    std::vector<std::string> watches;
    std::vector<std::string> scrapes;
    std::vector<std::string> prices;
    std::string prometheus;
    std::vector<std::string> labels;
    std::string metrics;
    std::string linger;
    bool plain = false;
    interop::export_arguments exports;
    settings::source_arguments sources;
};

// What is asked, on which connections; what is recorded beside it and where. Parts of add_run_command() that
// other subcommands have, too.
void add_request_options(CLI::App* command, run_arguments& arguments);
void add_recording_options(CLI::App* command, run_arguments& arguments);

/// Adds the subcommand `run` to the program's command line; `arguments` must outlive the app.
CLI::App* add_run_command(CLI::App& app, run_arguments& arguments);

/// Checks and converts. Throws std::invalid_argument with one clear line.
run_options check(const run_arguments& arguments, std::vector<std::string> argv);

} // namespace beastmark::loadgen
