#include "common/log.hpp"
#include "ingest/handler.hpp"
#include "ingest/schema.hpp"
#include "server/service.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace {

namespace server = beastmark::server;
namespace ingest = beastmark::ingest;

struct ingest_options {
    server::options server{.port = 8180, .admin_port = 8181};
    std::string postgres;
    std::size_t pool = 8;
    std::string memcached = "127.0.0.1:11211";
    std::chrono::nanoseconds insert_timeout = std::chrono::seconds{2};
    std::chrono::nanoseconds cache_timeout = std::chrono::milliseconds{500};
    bool init_schema = false;
};

// "host:port", "[::1]:port". @return the position of the colon, or npos.
std::size_t port_separator(const std::string& text) {
    const auto colon = text.rfind(':');
    const bool is_bare_ipv6 =
        colon != std::string::npos && text.find(':') != colon && text.find(']') != colon - 1;
    if (colon == std::string::npos || colon == 0 || is_bare_ipv6 || colon + 1 == text.size() ||
        text.find_first_not_of("0123456789", colon + 1) != std::string::npos) {
        return std::string::npos;
    }
    return colon;
}

std::string check_host_and_port(const std::string& text) {
    const auto colon = port_separator(text);
    std::uint16_t port = 0;
    if (colon != std::string::npos) {
        // A resolver takes 99999 for a port too, and wraps it.
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
        port = error == std::errc{} && stopped == end ? port : std::uint16_t{0};
    }
    return port == 0 ? "'" + text + "' is not host:port with a port from 1 to 65535" : std::string{};
}

void add_options(CLI::App& app, ingest_options& into) {
    server::add_options(app, into.server);
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

ingest::handler_options options_of_core(const ingest_options& given, std::size_t index, std::size_t cores) {
    const auto colon = port_separator(given.memcached);
    std::string host = given.memcached.substr(0, colon);
    if (host.front() == '[') {
        host = host.substr(1, host.size() - 2);
    }
    // Of the cores' pools and clients one speaks for all in the log.
    const bool speaks = index == 0;
    ingest::handler_options options;
    options.postgres.conninfo = given.postgres;
    options.postgres.connections = given.pool / cores + (index < given.pool % cores ? 1 : 0);
    options.postgres.timeout = given.insert_timeout;
    options.postgres.name = speaks ? "postgresql" : "";
    options.memcached.host = host;
    options.memcached.port = given.memcached.substr(colon + 1);
    options.memcached.timeout = given.cache_timeout;
    options.memcached.name = speaks ? "memcached" : "";
    return options;
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
    const auto collector = std::make_shared<ingest::ingest_collector>(cores, given.pool);
    return server::run_service(
        given.server, {.name = "ingest",
                       .routes = {{"/api/devices", server::method::post},
                                  {"/healthz", server::method::get, R"({"status":"ok"})"}},
                       .make_handler =
                           [&](std::size_t index, boost::asio::io_context& context) {
                               return std::make_unique<ingest::devices_handler>(
                                   context, options_of_core(given, index, cores), collector->of_core(index));
                           },
                       .collected = {collector},
                       .not_ready = "no usable connection to the database",
                       // A PostgreSQL connection has two: libpq's, and the copy that the event loop watches.
                       .descriptors = 2 * given.pool + cores});
}

} // namespace

int main(int argc, char** argv) {
    ingest_options options;
    CLI::App app{"POST /api/devices: inserts into PostgreSQL and sets a Memcached entry.", "ingest"};
    add_options(app, options);
    return server::run_main(app, argc, argv, options.server, [&] { return run(options); });
}
