#include "loadgen/metrics_endpoint.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <prometheus/exposer.h>

#include <csignal>
#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int lower_priority = 5; // nice, as the observer's: the load comes first

constexpr auto poke_again = std::chrono::milliseconds(5);

tcp::endpoint endpoint_of(const host_and_port& where) {
    return {asio::ip::make_address(where.host), where.port};
}

std::string text_of(const host_and_port& where) {
    const bool is_v6 = where.host.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", where.host, where.port)
                 : fmt::format("{}:{}", where.host, where.port);
}

// civetweb says only that it could not. Asks the kernel why; no error: it is civetweb's own.
error_code try_to_listen(const host_and_port& where) {
    try {
        asio::io_context context;
        const tcp::acceptor trial(context, endpoint_of(where));
        return {};
    } catch (const boost::system::system_error& refused) {
        return refused.code();
    }
}

std::string why_not(const host_and_port& where) {
    const auto code = try_to_listen(where);
    if (!code)
        return "the web server in prometheus-cpp refuses it; give an IPv4 address, or the port alone";
    if (code == asio::error::address_in_use)
        return fmt::format("{}; stop the program that has port {}, or give --metrics another port",
                           code.message(), where.port);
    if (code == asio::error::access_denied)
        return fmt::format("{}; give --metrics a port from 1024 on", code.message());
    return fmt::format("{}; give --metrics an address of this machine, or the port alone", code.message());
}

std::unique_ptr<prometheus::Exposer> expose(const host_and_port& where) {
    // Threads inherit the nice value of the one that makes them; a refusal changes nothing that matters.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lower_priority);
    // Two threads: a client that sends nothing keeps one busy until the timeout.
    return std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", text_of(where), "num_threads", "2", "request_timeout_ms", "5000"});
}

// civetweb looks once a second whether it is to stop, and after each connection: makes connections.
void poke(const std::stop_token& stopped, const tcp::endpoint& where) {
    while (!stopped.stop_requested()) {
        asio::io_context context;
        tcp::socket socket(context);
        error_code ignored;
        (void)socket.connect(where, ignored);
        std::this_thread::sleep_for(poke_again);
    }
}

} // namespace

host_and_port parse_metrics_address(std::string_view text) {
    const auto wrong = [&](std::string_view what) {
        return std::invalid_argument(
            fmt::format("--metrics '{}': {}; give PORT, :PORT or ADDRESS:PORT, e.g. :8085", text, what));
    };
    const auto port = text.starts_with(':') ? text.substr(1) : text;
    if (const auto number = parse_number<std::uint16_t>(port); number && *number > 0)
        return {"0.0.0.0", *number};
    if (text.find_first_not_of("0123456789:") == std::string_view::npos)
        throw wrong("the port is not a number from 1 to 65535");
    std::optional<host_and_port> where;
    try {
        where = parse_host_and_port(text);
    } catch (const std::invalid_argument& problem) {
        throw wrong(problem.what());
    }
    if (where->port == 0)
        throw wrong("the port is missing");
    if (where->host == "localhost")
        where->host = "127.0.0.1";
    error_code code;
    (void)asio::ip::make_address(where->host, code);
    if (code)
        throw wrong(fmt::format("'{}' is not an IPv4 or IPv6 address", where->host));
    return *where;
}

metrics_endpoint::metrics_endpoint(const host_and_port& where) : where_(where) {
    try {
        exposer_ = std::async(std::launch::async, expose, where).get();
    } catch (const std::exception&) {
        throw std::runtime_error(
            fmt::format("cannot serve --metrics on {}: {}", text_of(where), why_not(where)));
    }
}

metrics_endpoint::~metrics_endpoint() {
    const std::jthread poking(
        [where = endpoint_of(where_)](const std::stop_token& stopped) { poke(stopped, where); });
    exposer_.reset();
}

void metrics_endpoint::serve(std::shared_ptr<prometheus::Collectable> what) {
    exposer_->RegisterCollectable(what);
    served_.push_back(std::move(what));
}

std::string metrics_endpoint::url() const {
    return fmt::format("http://{}/metrics", text_of(where_));
}

void metrics_endpoint::linger(std::chrono::nanoseconds time) const {
    asio::io_context context;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](const error_code&, int) { context.stop(); });
    asio::steady_timer timer(context, time);
    timer.async_wait([&](const error_code&) { context.stop(); });
    fmt::print(stderr, "{} stays for {}; Ctrl-C ends that\n", url(), format_duration(time));
    context.run();
}

} // namespace beastmark::loadgen
