#include "common/event_loop.hpp"
#include "common/host_and_port.hpp"
#include "ingest/async_handler.hpp"
#include "ingest/blocking_handler.hpp"
#include "ingest/driver_options.hpp"
#include "ingest/schema.hpp"
#include "server/service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <stdexcept>

namespace {

namespace server = beastmark::server;
namespace ingest = beastmark::ingest;
namespace postgres = beastmark::postgres;

struct ingest_options {
    server::options server{.port = 8180, .admin_port = 8181};
    ingest::driver driver = ingest::driver::async;
    std::string postgres;
    std::size_t pool = 8;
    std::string memcached = "127.0.0.1:11211";
    std::size_t pool_depth = postgres::pool_options{}.depth;
    ingest::write_mode write_mode = ingest::write_mode::each;
    std::size_t group_rows = 128;
    std::chrono::nanoseconds group_wait{0};
    std::chrono::nanoseconds request_timeout = ingest::driver_options{}.request_timeout;
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

// An option that takes one of these names; the default is what `into` is.
template <class Choice>
void add_choice(CLI::App& app, const std::string& flag, Choice& into,
                const std::map<std::string, Choice>& names, const std::string& description) {
    const auto given = std::ranges::find(names, into, [](const auto& named) { return named.second; });
    auto* const option = app.add_option_function<std::string>(
        flag, [&into, names](const std::string& name) { into = names.at(name); }, description);
    server::with_environment(option)->default_str(given->first)->check(CLI::IsMember(names));
}

void add_write_mode(CLI::App& app, ingest_options& into) {
    add_choice<ingest::write_mode>(
        app, "--write-mode", into.write_mode,
        {{"each", ingest::write_mode::each}, {"group", ingest::write_mode::group}},
        "each: a transaction for each request, as any other target does it; group: requests "
        "that wait together make one multi-row INSERT, which is different database work");
    auto* const rows = server::with_environment(
        app.add_option("--group-rows", into.group_rows, "Rows of one INSERT at most, with --write-mode group")
            ->capture_default_str());
    rows->check(CLI::Range(1, 1024));
    auto* const wait = server::add_duration(
        app, "--group-wait", into.group_wait,
        "How long a request waits for others to come, with --write-mode group; 0: it leaves with those of "
        "the same turn of the event loop",
        std::chrono::nanoseconds{0});
    app.callback([&into, rows, wait] {
        if (into.write_mode == ingest::write_mode::group && into.driver != ingest::driver::async)
            throw CLI::ValidationError{"--write-mode", "group is of --driver async only"};
        for (const auto* const given : {rows, wait})
            if (into.write_mode != ingest::write_mode::group && given->count() > 0)
                throw CLI::ValidationError{given->get_name(),
                                           "means nothing without --write-mode group: give both or neither"};
    });
}

void add_options(CLI::App& app, ingest_options& into) {
    server::add_options(app, into.server);
    add_choice<ingest::driver>(
        app, "--driver", into.driver,
        {{"async", ingest::driver::async}, {"blocking", ingest::driver::blocking}},
        "async: pipelined connections driven by the event loop. blocking: libpqxx and libmemcached "
        "on worker threads, one for each connection of --pool");
    server::with_environment(
        app.add_option("--postgres", into.postgres,
                       "libpq connection string; what it leaves out comes from libpq's environment (PGHOST, "
                       "PGPASSFILE, ...): keep passwords there"));
    server::with_environment(
        app.add_option("--pool", into.pool, "PostgreSQL connections in total, at least one for each thread")
            ->capture_default_str())
        ->check(CLI::Range(1, 10000));
    server::with_environment(app.add_option("--pool-depth", into.pool_depth,
                                            "Of the driver async: inserts in flight on one connection, each "
                                            "a transaction of its own; PostgreSQL executes "
                                            "them one after the other. What finds all connections full waits")
                                 ->capture_default_str())
        ->check(CLI::Range(1, 1000));
    server::with_environment(
        app.add_option("--memcached", into.memcached, "host:port of memcached")->capture_default_str())
        ->check(check_host_and_port);
    server::add_duration(app, "--request-timeout", into.request_timeout,
                         "For a request's wait for a connection, insert and cache set together; then 503 if "
                         "the insert was not sent, 504 if it was, and 201 with X-Cache: failed once it is "
                         "committed");
    server::add_duration(app, "--cache-timeout", into.cache_timeout,
                         "For the cache set, within what is left of --request-timeout; then the answer says "
                         "X-Cache: failed");
    add_write_mode(app, into);
    app.add_flag("--init-schema", into.init_schema, "Create the table device if it is missing, then exit");
}

ingest::driver_options options_of_core(const ingest_options& given, std::size_t index, std::size_t cores,
                                       ingest::connection_shortage& shortage,
                                       std::atomic<bool>& place_wanted) {
    const auto cache = beastmark::parse_host_and_port(given.memcached);
    // Of the cores' pools and clients one speaks for all in the log.
    const bool speaks = index == 0;
    ingest::driver_options options;
    options.core = index;
    options.postgres.conninfo = given.postgres;
    options.postgres.connections = given.pool / cores + (index < given.pool % cores ? 1 : 0);
    options.mode = given.write_mode;
    options.request_timeout = given.request_timeout;
    options.postgres.depth = given.pool_depth;
    options.postgres.max_wait = given.server.connection.queue_time;
    options.postgres.group_rows = given.group_rows;
    options.postgres.group_wait = given.group_wait;
    options.postgres.pacing.place_wanted = &place_wanted;
    options.postgres.name = speaks ? "postgresql" : "";
    options.memcached.host = cache.host;
    options.memcached.port = cache.port;
    options.memcached.timeout = given.cache_timeout;
    options.memcached.name = speaks ? "memcached" : "";
    options.shortage = speaks ? &shortage : nullptr;
    return options;
}

std::unique_ptr<server::handler> make_handler(ingest::driver driver, const ingest::driver_options& options,
                                              beastmark::event_loop& loop, ingest::backend_metrics& metrics) {
    if (driver == ingest::driver::async)
        return std::make_unique<ingest::async_handler>(loop, options, metrics);
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
    const std::size_t cache_links = given.driver == ingest::driver::async ? cores : given.pool;
    const auto collector = std::make_shared<ingest::ingest_collector>(cores, given.pool, cache_links);
    // A group that waits has a timer of its own. A look-up's descriptors are of the moment before its link's.
    const bool has_timers =
        given.write_mode == ingest::write_mode::group && given.group_wait > std::chrono::nanoseconds{0};
    const std::size_t timers = has_timers ? cores : 0;
    ingest::connection_shortage shortage{*collector, given.pool};
    std::atomic<bool> place_wanted{false}; // a core has no connection, and the server no room
    return server::run_service(
        given.server, {.name = "ingest",
                       .routes = {{"/api/devices", server::method::post},
                                  {"/healthz", server::method::get, R"({"status":"ok"})"}},
                       .make_handler =
                           [&](std::size_t index, beastmark::event_loop& loop) {
                               return make_handler(
                                   given.driver, options_of_core(given, index, cores, shortage, place_wanted),
                                   loop, collector->of_core(index));
                           },
                       .collected = {collector},
                       .not_ready = "no usable connection to the database",
                       // A PostgreSQL connection has two: libpq's, and a copy that is watched, or shut down.
                       .descriptors = 2 * given.pool + cache_links + timers,
                       .descriptors_for = "--pool " + std::to_string(given.pool) + " and memcached"});
}

} // namespace

int main(int argc, char** argv) {
    ingest_options options;
    CLI::App app{"POST /api/devices: inserts into PostgreSQL and sets a Memcached entry.", "ingest"};
    add_options(app, options);
    return server::run_main(app, argc, argv, options.server, [&] { return run(options); });
}
