// A small server of HTTP/2 without TLS (prior knowledge) that does what a test tells it to.
#pragma once

#include "connection_threads.hpp"
#include "tests/support/http2_peer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::testing {

/// Listens on 127.0.0.1, a thread for each connection.
class http2_server {
public:
    /// What is done about a request; called on the connections' threads. @param connection from 0 @param
    /// number of the request on its connection, from 0
    using handler = std::function<void(http2_peer&, const http2_request_seen&, std::uint64_t connection,
                                       std::uint64_t number)>;

    /// What is said to a client that has connected, with our SETTINGS; called on the connections' threads.
    /// @return bytes to send behind it, whatever they are
    using greeting = std::function<std::string(http2_peer&, std::uint64_t connection)>;

    explicit http2_server(handler h, std::optional<std::uint32_t> allowed = {}, greeting g = {});

    [[nodiscard]] std::uint16_t port() const { return threads_.port(); }

    [[nodiscard]] std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port()) + path;
    }

    [[nodiscard]] std::uint64_t connections() const { return threads_.connections(); }

    [[nodiscard]] std::vector<http2_request_seen> requests() const;

    /// On one connection, at the most.
    [[nodiscard]] std::size_t most_at_once() const;

    /// Codes of RST_STREAM that came.
    [[nodiscard]] std::vector<std::uint32_t> resets() const;

    /// Cuts each connection once it has read so many requests, without a word.
    void cut_after(std::uint64_t requests) { cut_after_ = requests; }

private:
    void serve(int socket, std::uint64_t connection);

    handler handler_;
    greeting greeting_;
    std::optional<std::uint32_t> allowed_;
    std::atomic<std::uint64_t> cut_after_{UINT64_MAX};
    mutable std::mutex mutex_;
    std::vector<http2_request_seen> requests_;
    std::map<std::uint64_t, std::vector<std::uint32_t>> resets_; // by connection
    std::size_t most_at_once_ = 0;
    connection_threads threads_; // last: they use the others
};

} // namespace beastmark::testing
