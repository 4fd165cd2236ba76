#include "loadgen/metrics_endpoint.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/http_server.hpp"
#include "loadgen/tell.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto ask_again = std::chrono::milliseconds(100);

tcp::endpoint endpoint_of(const host_and_port& where) {
    return {asio::ip::make_address(where.host), where.port};
}

std::string why_not(const host_and_port& where, const error_code& code) {
    if (code == asio::error::address_in_use)
        return fmt::format("{}; stop the program that has port {}, or give --metrics another port",
                           code.message(), where.port);
    if (code == asio::error::access_denied)
        return fmt::format("{}; give --metrics a port from 1024 on", code.message());
    return fmt::format("{}; give --metrics an address of this machine, or the port alone", code.message());
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

class metrics_endpoint::collected {
public:
    void add(std::shared_ptr<prometheus::Collectable> what) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(what));
    }

    [[nodiscard]] std::string text() const {
        std::vector<prometheus::MetricFamily> families;
        const std::lock_guard lock(mutex_);
        for (const auto& each : all_)
            for (auto& family : each->Collect())
                families.push_back(std::move(family));
        return prometheus::TextSerializer().Serialize(families);
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<prometheus::Collectable>> all_;
};

metrics_endpoint::metrics_endpoint(const host_and_port& where)
    : where_(where), collected_(std::make_shared<collected>()) {
    try {
        server_ = std::make_unique<http_server>(endpoint_of(where));
    } catch (const boost::system::system_error& refused) {
        throw std::runtime_error(
            fmt::format("cannot serve --metrics on {}: {}", text_of(where), why_not(where, refused.code())));
    }
    server_->route("/metrics", {.method = "GET", .answer = [all = collected_](const std::string&) {
                                    return http_answer{200, "text/plain; version=0.0.4; charset=utf-8",
                                                       all->text()};
                                }});
}

metrics_endpoint::~metrics_endpoint() = default;

void metrics_endpoint::serve(std::shared_ptr<prometheus::Collectable> what) {
    collected_->add(std::move(what));
}

void metrics_endpoint::route(std::string path, http_route to) {
    server_->route(std::move(path), std::move(to));
}

std::string metrics_endpoint::url() const {
    return fmt::format("http://{}/metrics", text_of(where_));
}

void metrics_endpoint::linger(std::chrono::nanoseconds time, const std::function<bool()>& enough) const {
    asio::io_context context;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](const error_code&, int) { context.stop(); });
    tell("{} stays for {}; Ctrl-C ends that\n", url(), format_duration(time));
    const auto end = std::chrono::steady_clock::now() + time;
    while (!context.stopped() && std::chrono::steady_clock::now() < end && !(enough && enough()))
        context.run_one_until(std::min(end, std::chrono::steady_clock::now() + ask_again));
}

} // namespace beastmark::loadgen
