// What loadgen says over HTTP: its own metrics at http://ADDRESS:PORT/metrics, and whatever is routed to it.
// Served by a thread of its own, with a lower priority than the load's.
#pragma once

#include "common/host_and_port.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus { // NOLINT(readability-identifier-naming): prometheus-cpp's
class Collectable;     // NOLINT(readability-identifier-naming)
} // namespace prometheus

namespace beastmark::loadgen {

/// Reads PORT or :PORT (all IPv4 addresses of the machine) or ADDRESS:PORT, ADDRESS numeric or localhost, an
/// IPv6 address in brackets. Throws std::invalid_argument with one clear line.
host_and_port parse_metrics_address(std::string_view text);

struct http_answer {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body{};
};

/// Where a path leads. Called on the endpoint's thread; what it throws becomes a 500.
struct http_route {
    std::string method; // another is answered 405
    std::size_t most_body_bytes = 0;
    std::function<http_answer(const std::string& body)> answer;
    std::function<void()> sent{}; // the whole answer was
};

class http_server;

class metrics_endpoint {
public:
    /// Listens and answers. Throws std::runtime_error with one clear line, naming address, reason and way
    /// out.
    /// @param where as parse_metrics_address() gives it.
    explicit metrics_endpoint(const host_and_port& where);

    /// Stops answering, at once.
    ~metrics_endpoint();

    metrics_endpoint(const metrics_endpoint&) = delete;
    metrics_endpoint& operator=(const metrics_endpoint&) = delete;

    /// Answers /metrics with these families, too. They are collected on the endpoint's thread.
    void serve(std::shared_ptr<prometheus::Collectable> what);

    /// Answers that path; a route there before is gone.
    void route(std::string path, http_route to);

    [[nodiscard]] std::string url() const;

    /// Says so on stderr and waits for so long, while it goes on to answer. SIGINT, SIGTERM or what `enough`
    /// says (asked a few times a second) ends the wait.
    void linger(std::chrono::nanoseconds time, const std::function<bool()>& enough = {}) const;

private:
    class collected;

    host_and_port where_;
    std::shared_ptr<collected> collected_;
    std::unique_ptr<http_server> server_;
};

} // namespace beastmark::loadgen
