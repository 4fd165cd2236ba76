#include "server/options.hpp"

#include "common/duration.hpp"
#include "common/log.hpp"
#include "common/version.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace beastmark::server {

namespace {

// What an option's environment variable holds; null when it has none, or it is not set.
const char* from_environment(const CLI::Option& option) {
    return option.get_envname().empty() ? nullptr : std::getenv(option.get_envname().c_str());
}

std::string flag_of(const CLI::Option& option) {
    return "--" + (option.get_lnames().empty() ? std::string{} : option.get_lnames().front());
}

// CLI11 names the flag even when the bad value came by environment; the user needs the variable's name.
std::string where_from(const CLI::App& app, const std::string& message) {
    for (const CLI::Option* const option : app.get_options()) {
        const char* const value = from_environment(*option);
        if (value != nullptr && message.find(flag_of(*option) + ":") != std::string::npos) {
            return fmt::format(" (the value '{}' came from the environment variable {})", value,
                               option->get_envname());
        }
    }
    return {};
}

// From 2.4 on CLI11 passes over a variable whose value fails its option's check, as if it were not set.
void refuse_ignored_variable(const CLI::App& app) {
    for (const CLI::Option* const option : app.get_options()) {
        const char* const value = from_environment(*option);
        if (value != nullptr && *value != '\0' && option->count() == 0) {
            throw CLI::ValidationError{flag_of(*option), fmt::format("'{}' is not allowed", value)};
        }
    }
}

int explain_usage_error(const CLI::App& app, const CLI::ParseError& error) {
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    fmt::print(stderr, "{}: {}{}; see {} --help\n", app.get_name(), message, where_from(app, message),
               app.get_name());
    return 2;
}

} // namespace

CLI::Option* with_environment(CLI::Option* option) {
    std::string variable = "BEASTMARK_" + option->get_lnames().front();
    std::transform(variable.begin(), variable.end(), variable.begin(),
                   [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    return option->envname(variable);
}

CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::nanoseconds& into,
                          const std::string& help, std::chrono::nanoseconds least) {
    auto* const option = app.add_option_function<std::string>(
        flag,
        [&into, flag, least](const std::string& text) {
            const auto read = parse_duration(text);
            if (!read) {
                throw CLI::ValidationError{flag,
                                           "'" + text + "' is not a duration such as 500ms, 30s or 1m30s"};
            }
            if (*read < least) {
                throw CLI::ValidationError{flag,
                                           "'" + text + "' is below the least, " + format_duration(least)};
            }
            into = *read;
        },
        help);
    return with_environment(option->default_str(format_duration(into))->type_name("DURATION"));
}

void add_options(CLI::App& app, options& into) {
    const auto add = [&app](const std::string& flag, auto& value, const std::string& help) {
        return with_environment(app.add_option(flag, value, help)->capture_default_str());
    };
    const CLI::Range port_range{1, 65535};
    const auto is_address = [](const std::string& text) {
        boost::system::error_code wrong;
        boost::asio::ip::make_address(text, wrong);
        return wrong ? "'" + text + "' is not an IPv4 or IPv6 address" : std::string{};
    };
    add("--address", into.address, "Numeric address to serve on")->check(is_address);
    add("--port", into.port, "TCP port to serve on")->check(port_range);
    add("--admin-address", into.admin_address, "Numeric address of the admin port")->check(is_address);
    add("--admin-port", into.admin_port, "TCP port of /healthz, /readyz and /metrics")->check(port_range);
    add("--threads", into.threads,
        "Threads that serve, one event loop each; 0: the cores allowed by affinity and CPU quota")
        ->check(CLI::Range(0, 1024));
    add("--max-connections", into.max_connections,
        "Connections in total, an equal share to each thread; more wait in the listen queue; 0: what the "
        "descriptor limit leaves, 65536 at most")
        ->check(CLI::Range(0, 1'000'000'000));
    add_duration(app, "--header-timeout", into.header_timeout,
                 "For a request's head, from its first byte; then 408");
    add_duration(app, "--body-timeout", into.body_timeout,
                 "For a request's body, from the end of its head; then 408");
    add_duration(app, "--idle-timeout", into.idle_timeout,
                 "A connection without a request is closed after this");
    add_duration(app, "--write-timeout", into.write_timeout,
                 "A client that does not take its answer is cut off after this");
    add("--max-head-bytes", into.max_head_bytes, "Of a request's head; then 431")
        ->check(CLI::Range(256, 1024 * 1024));
    add("--max-headers", into.max_headers, "Header fields of a request; then 431")
        ->check(CLI::Range(1, 10000));
    add("--max-body-bytes", into.max_body_bytes, "Of a request's body; then 413")
        ->check(CLI::Range(1, 64 * 1024 * 1024));
    add("--max-requests-per-connection", into.connection.requests,
        "The last one is answered with Connection: close; 0: any number")
        ->check(CLI::Range(0, 1'000'000'000)); // CLI11 takes -1 for 2^64 - 1
    add("--max-pipelined", into.connection.pipelined,
        "Requests of one connection that are answered before their answers are sent, in one piece")
        ->check(CLI::Range(1, 10000));
    add("--max-in-flight", into.connection.in_flight,
        "Requests of one thread that wait for their answer; more are answered 503")
        ->check(CLI::Range(1, 10000000));
    add_duration(app, "--max-queue-time", into.connection.queue_time,
                 "A request that has waited longer for its thread, or in ingest for a database connection, "
                 "is answered "
                 "503 (the wait of a connection in the listen queue is not seen)");
    add_duration(
        app, "--drain-delay", into.drain_delay,
        "After SIGTERM, serve on for this long while /readyz says 503, so that load balancers notice",
        std::chrono::nanoseconds{0});
    add_duration(app, "--drain-grace", into.drain_grace,
                 "Then keep connections open this long for one more request, answered with Connection: close",
                 std::chrono::nanoseconds{0});
    add_duration(app, "--drain-timeout", into.drain_timeout,
                 "Wait this long at most for all that, from the end of the delay",
                 std::chrono::nanoseconds{0});
    add("--log-level", into.log_level, "What is logged on stderr")->check(CLI::IsMember(log_levels()));
    add("--log-format", into.log_format, "Lines of text, or a JSON object on each")
        ->check(CLI::IsMember(log_formats()));
    app.set_version_flag("--version", fmt::format("{} {} ({})", app.get_name(), version(), revision()));
    app.get_formatter()->column_width(34);
}

int run_main(CLI::App& app, int argc, char** argv, const options& parsed, const std::function<int()>& body) {
    try {
        app.parse(argc, argv);
        refuse_ignored_variable(app);
    } catch (const CLI::Success& help_or_version) {
        return app.exit(help_or_version);
    } catch (const CLI::ParseError& error) {
        return explain_usage_error(app, error);
    }
    try {
        init_logging(parsed.log_level, parsed.log_format);
        return body();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
        return 1;
    }
}

} // namespace beastmark::server
