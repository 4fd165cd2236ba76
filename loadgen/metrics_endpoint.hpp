// Where loadgen's own metrics are read from: http://ADDRESS:PORT/metrics, served by prometheus-cpp on threads
// of its own, with a lower priority than the load's.
#pragma once

#include "common/host_and_port.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus { // NOLINT(readability-identifier-naming): prometheus-cpp's
class Collectable;     // NOLINT(readability-identifier-naming)
class Exposer;         // NOLINT(readability-identifier-naming)
} // namespace prometheus

namespace beastmark::loadgen {

/// Reads PORT or :PORT (all IPv4 addresses of the machine) or ADDRESS:PORT, ADDRESS numeric or localhost, an
/// IPv6 address in brackets. Throws std::invalid_argument with one clear line.
host_and_port parse_metrics_address(std::string_view text);

class metrics_endpoint {
public:
    /// Listens and answers. Throws std::runtime_error with one clear line, naming address, reason and way
    /// out.
    /// @param where as parse_metrics_address() gives it.
    explicit metrics_endpoint(const host_and_port& where);

    /// Stops answering. Takes some 10 ms; 2 s at most when a client has begun a request and stands still.
    ~metrics_endpoint();

    metrics_endpoint(const metrics_endpoint&) = delete;
    metrics_endpoint& operator=(const metrics_endpoint&) = delete;

    /// Answers with these families, too. They are collected on the endpoint's threads.
    void serve(std::shared_ptr<prometheus::Collectable> what);

    [[nodiscard]] std::string url() const;

    /// Says so on stderr and waits for so long, while it goes on to answer. SIGINT or SIGTERM ends the wait
    /// at once.
    void linger(std::chrono::nanoseconds time) const;

private:
    host_and_port where_;
    std::vector<std::shared_ptr<prometheus::Collectable>> served_; // the exposer keeps weak ones
    std::unique_ptr<prometheus::Exposer> exposer_;
};

} // namespace beastmark::loadgen
