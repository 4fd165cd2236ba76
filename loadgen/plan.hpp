// What a run is to do, settled before it starts and read by every thread.
#pragma once

#include "loadgen/body_search.hpp"
#include "loadgen/client_steps.hpp"
#include "loadgen/connection_rules.hpp"
#include "loadgen/dispatcher.hpp"
#include "loadgen/request_set.hpp"
#include "loadgen/schedule.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

class tls_context;

/// A service under load. Each target gets the whole schedule, where it has none of its own, and its own
/// connections.
struct target {
    std::string name;
    url where;
    request_set requests;
    std::vector<boost::asio::ip::tcp::endpoint>
        endpoints;                            // resolved before the start; with dns_ttl they may change
    std::string unix_socket{};                // instead: the path of one
    std::shared_ptr<const tls_context> tls{}; // of https
    std::optional<schedule> own{};            // instead of the plan's, and as long
};

/// This process' part of the arrivals of several: those with i mod `of` == `index`.
struct shard {
    std::uint64_t index = 0;
    std::uint64_t of = 1;
};

struct plan {
    schedule arrivals;
    std::vector<target> targets;
    std::uint32_t connections = 64; // of each target, over all threads
    connection_rules rules{};
    std::uint32_t threads = 1;
    http_version version = http_version::http_1_1;
    std::uint32_t streams = 1; // of HTTP/2: how many requests a connection carries at once
    run_time timeout = std::chrono::seconds(1);
    run_time dns_ttl{}; // how long a name's addresses hold; 0: all the run
    std::optional<unsigned> expected_status{};
    std::optional<body_search> expected_body{};
    std::optional<run_time> skip_after{}; // --on-late skip
    client_steps clients{};               // closed loop
    run_time warmup{};                    // the first stage, left out of everything that is judged
    bool spin = false;                    // threads poll instead of sleeping
    std::uint64_t seed = 1;
    shard share{};
    bool alternate =
        false; // of two targets whose arrivals are due at the same moment either is served first as often
};

inline const schedule& arrivals_of(const plan& p, std::size_t target) {
    const auto& own = p.targets[target].own;
    return own ? *own : p.arrivals;
}

/// "open" or "closed", as results name it.
inline std::string_view loop_name(const plan& p) {
    return p.arrivals.closed_loop() ? "closed" : "open";
}

} // namespace beastmark::loadgen
