// What was asked for, settled: names resolved, limits checked.
#include "common/descriptor_limit.hpp"
#include "loadgen/make_requests.hpp"
#include "loadgen/run.hpp"
#include "loadgen/tls/tls_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

std::vector<asio::ip::tcp::endpoint> resolve(const url& where) {
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    error_code code;
    const auto found = resolver.resolve(where.host, where.port, code);
    if (code)
        throw std::runtime_error(fmt::format("cannot resolve '{}': {}", where.host, code.message()));
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const auto& entry : found)
        if (std::find(endpoints.begin(), endpoints.end(), entry.endpoint()) == endpoints.end())
            endpoints.push_back(entry.endpoint());
    return endpoints;
}

void check_descriptors(std::uint64_t connections, std::size_t targets, std::uint64_t threads,
                       bool automatic) {
    const auto needed = descriptors_needed(connections, targets, threads);
    const auto limit = raise_descriptor_limit();
    if (limit < needed)
        throw std::runtime_error(fmt::format("descriptor limit {} is below the {} that {} connections need: "
                                             "raise it with ulimit -Hn {}, or ask "
                                             "for fewer with {}",
                                             limit, needed, connections * targets, needed,
                                             automatic ? "--max-connections" : "-c"));
}

// What a target is asked for: all that was asked for, or its turns of it.
std::vector<stage> stages_of(const run_options& options, std::size_t target) {
    if (!takes_turns(options))
        return options.stages;
    auto stages = paired::stages_of(options.pair->turns, target);
    if (options.warmup.count() > 0)
        stages.insert(stages.begin(), options.stages.front());
    return stages;
}

void require_source(const source_addresses& sources, const target& to) {
    for (const auto& address : to.endpoints)
        if (!sources.reach(address))
            throw std::runtime_error(fmt::format(
                "--source-ip has no {} address, and {} is one of {}: add one, or name the service by an "
                "address of the other kind",
                address.address().is_v4() ? "IPv4" : "IPv6", address.address().to_string(), to.where.host));
}

} // namespace

plan make_plan(const run_options& options) {
    const auto stages = stages_of(options, 0);
    auto files = pick_files(options);
    std::vector<target> targets;
    for (const auto& t : options.targets) {
        auto& added =
            targets.emplace_back(target{t.name, t.where, make_requests(options, t.where, files), {}});
        if (takes_turns(options))
            added.own.emplace(stages_of(options, targets.size() - 1), options.arrivals);
    }
    const auto threads = std::min(options.threads, options.connections);
    check_descriptors(options.connections, targets.size(), threads, options.rules.automatic);
    std::shared_ptr<const tls_context> tls;
    for (auto& t : targets) {
        if (const auto unix_socket = options.unix_sockets.find(t.name);
            unix_socket != options.unix_sockets.end()) {
            t.unix_socket = unix_socket->second;
            t.endpoints = {asio::ip::tcp::endpoint()}; // no address: nothing is told by it
        } else {
            t.endpoints = resolve(t.where);
        }
        require_source(options.rules.sources, t);
        if (t.where.secure && !tls)
            tls = std::make_shared<const tls_context>(options.tls, options.version);
        if (t.where.secure)
            t.tls = tls;
    }
    options.rules.sources.require_ours();
    return {.arrivals = options.replay ? schedule(options.replay->due, options.replay->duration)
                                       : schedule(stages, options.arrivals),
            .targets = std::move(targets),
            .connections = options.connections,
            .rules = options.rules,
            .threads = threads,
            .version = options.version,
            .streams = options.streams,
            .timeout = options.timeout,
            .dns_ttl = options.dns_ttl,
            .expected_status = options.expected_status,
            .expected_body = options.expected_body,
            .skip_after = options.skip_after,
            .clients = options.clients,
            .warmup = options.warmup,
            .spin = options.spin,
            .seed = options.arrivals.seed,
            .share = options.share,
            .alternate = options.pair.has_value()};
}

} // namespace beastmark::loadgen
