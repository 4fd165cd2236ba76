// What `loadgen run` was asked for, as typed and checked.
#pragma once

#include "common/host_and_port.hpp"
#include "loadgen/interop/export_arguments.hpp"
#include "loadgen/paired/pair_options.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/replay_log.hpp"
#include "loadgen/requests_file.hpp"
#include "loadgen/schedule.hpp"
#include "loadgen/stage.hpp"
#include "loadgen/stop_condition.hpp"
#include "loadgen/tls/tls_options.hpp"
#include "loadgen/url.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// Where the shards of a test meet: shard 0 listens there, on its --metrics.
struct barrier_options {
    host_and_port where;
    std::chrono::nanoseconds timeout{};
};

struct run_options {
    std::vector<target_spec> targets;
    std::vector<stage> stages;
    std::uint32_t connections = 64;
    connection_rules rules;
    std::map<std::string, std::string> unix_sockets; // paths, by target
    std::uint32_t threads = 1;
    http_version version = http_version::http_1_1;
    std::uint32_t streams = 1;
    std::string method = "GET"; // of several that differ: "several"
    std::string body;
    std::vector<std::string> headers;
    std::vector<request_spec> requests; // instead of method and body; empty: there is that one
    std::string requests_file;
    std::shared_ptr<const replay_log> replay; // instead of all of these, and of a rate; null: there is none
    tls_options tls;
    std::chrono::nanoseconds timeout = std::chrono::seconds(1);
    std::chrono::nanoseconds dns_ttl{}; // 0: names are resolved once
    std::optional<unsigned> expected_status;
    std::optional<body_search> expected_body;
    std::optional<std::chrono::nanoseconds> skip_after; // --on-late skip
    std::chrono::nanoseconds warmup{};                  // the first of `stages`
    client_steps clients;                               // of a closed loop
    bool spin = false;
    arrival_options arrivals; // its seed is the placeholders', too
    shard share{};
    std::optional<barrier_options> barrier;
    std::optional<paired::pair_options> pair;
    std::optional<stop_condition> stop_when;
    std::vector<condition> slos;
    std::string output;                   // a folder; empty: no files
    std::string name;                     // of the run, the report's title
    std::vector<std::string> watches;     // NAME=PID
    std::vector<std::string> scrapes;     // NAME=URL
    std::map<std::string, double> prices; // per hour, by target
    std::optional<url> prometheus;        // asked for the CPU of what nobody else tells
    std::map<std::string, std::string> labels;
    std::optional<host_and_port> metrics; // where to serve loadgen's own
    std::chrono::nanoseconds linger{};    // how long they stay after the end
    bool plain = false;
    interop::export_arguments exports;
    std::vector<std::string> argv;
};

/// --pair abba: each of two targets has stages of its own.
inline bool takes_turns(const run_options& options) {
    return options.pair && !options.pair->turns.empty();
}

} // namespace beastmark::loadgen
