#include "common/event_loop.hpp"
#include "common/host_and_port.hpp"
#include "ingest/async_handler.hpp"
#include "ingest/blocking_handler.hpp"
#include "ingest/schema.hpp"
#include "server/service.hpp"

#include <spdlog/spdlog.h>

#include <stdexcept>

namespace {

namespace server = beastmark::server;
namespace ingest = beastmark::ingest;

struct ingest_options {
    server::options server{.port = 8180, .admin_port = 8181};
    std::string driver = "async";
    std::string postgres;
    std::size_t pool = 8;
    std::string memcached = "127.0.0.1:11211";
    std::chrono::nanoseconds insert_timeout = std::chrono::seconds{2};
    std::chrono::nanoseconds cache_timeout = std::chrono::milliseconds{500};
    bool init_schema = false;
};

// Empty when `text` is host:port, else what is wrong.
std::string check_host_and_port(const std::string& text) {
    std::string wrong = "'" + text + "' is not host:port with a port from 1 to 65535";
    try {
        return beastmark::parse_host_and_port(text).port != 0 ? std::string() : wrong;
    } catch (const std::invalid_argument&) {
        return wrong;
    }
}

void add_options(CLI::App& app, ingest_options& into) {
    server::add_options(app, into.server);
    server::with_environment(
        app.add_option(
               "--driver", into.driver,
               "async: pipelined connections driven by the event loop. blocking: libpqxx and libmemcached "
               "on worker threads, one for each connection of --pool")
            ->capture_default_str())
        ->check(CLI::IsMember({"async", "blocking"}));
    server::with_environment(
        app.add_option("--postgres", into.postgres,
                       "libpq connection string; what it leaves out comes from libpq's environment (PGHOST, "
                       "PGPASSFILE, ...): keep passwords there"));
    server::with_environment(
        app.add_option("--pool", into.pool, "PostgreSQL connections in total, at least one for each thread")
            ->capture_default_str())
        ->check(CLI::Range(1, 10000));
    server::with_environment(
        app.add_option("--memcached", into.memcached, "host:port of memcached")->capture_default_str())
        ->check(check_host_and_port);
    server::add_duration(app, "--insert-timeout", into.insert_timeout,
                         "For the insert, waiting included; then 504, or 503 if it was not sent");
    server::add_duration(app, "--cache-timeout", into.cache_timeout,
                         "For the cache set; then the answer says X-Cache: failed");
    app.add_flag("--init-schema", into.init_schema, "Create the table device if it is missing, then exit");
}

// What both drivers are told, for one of the cores.
template <class Options>
Options options_of_core(const ingest_options& given, std::size_t index, std::size_t cores) {
    const auto cache = beastmark::parse_host_and_port(given.memcached);
    // Of the cores' pools and clients one speaks for all in the log.
    const bool speaks = index == 0;
    Options options;
    options.postgres.conninfo = given.postgres;
    options.postgres.connections = given.pool / cores + (index < given.pool % cores ? 1 : 0);
    options.postgres.timeout = given.insert_timeout;
    options.postgres.name = speaks ? "postgresql" : "";
    options.memcached.host = cache.host;
    options.memcached.port = cache.port;
    options.memcached.timeout = given.cache_timeout;
    options.memcached.name = speaks ? "memcached" : "";
    return options;
}

std::unique_ptr<server::handler> make_handler(const ingest_options& given, std::size_t index,
                                              std::size_t cores, beastmark::event_loop& loop,
                                              ingest::backend_metrics& metrics) {
    if (given.driver == "async") {
        const auto options = options_of_core<ingest::async_options>(given, index, cores);
        return std::make_unique<ingest::async_handler>(loop, options, metrics);
    }
    auto options = options_of_core<ingest::blocking_options>(given, index, cores);
    options.core = index;
    return std::make_unique<ingest::blocking_handler>(loop, options, metrics);
}

int run(const ingest_options& given) {
    if (given.init_schema) {
        ingest::create_schema(given.postgres);
        spdlog::info("the table device is there");
        return 0;
    }
    const std::size_t cores = server::core_count(given.server);
    if (given.pool < cores) {
        throw std::runtime_error{
            "--pool " + std::to_string(given.pool) + " is below the " + std::to_string(cores) +
            " threads, each of which needs a connection: raise --pool or lower --threads"};
    }
    // Of memcached a core has one, or each of its workers has.
    const std::size_t cache_links = given.driver == "async" ? cores : given.pool;
    const auto collector = std::make_shared<ingest::ingest_collector>(cores, given.pool, cache_links);
    return server::run_service(
        given.server, {.name = "ingest",
                       .routes = {{"/api/devices", server::method::post},
                                  {"/healthz", server::method::get, R"({"status":"ok"})"}},
                       .make_handler =
                           [&](std::size_t index, beastmark::event_loop& loop) {
                               return make_handler(given, index, cores, loop, collector->of_core(index));
                           },
                       .collected = {collector},
                       .not_ready = "no usable connection to the database",
                       // A PostgreSQL connection has two: libpq's, and a copy that is watched, or shut down.
                       .descriptors = 2 * given.pool + cache_links});
}

} // namespace

int main(int argc, char** argv) {
    ingest_options options;
    CLI::App app{"POST /api/devices: inserts into PostgreSQL and sets a Memcached entry.", "ingest"};
    add_options(app, options);
    return server::run_main(app, argc, argv, options.server, [&] { return run(options); });
}
