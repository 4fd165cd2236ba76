// A small HTTP server that answers as a test tells it to: late, in pieces, wrongly, or never.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace beastmark::testing {

struct request_seen {
    std::uint64_t number = 0;     // over all connections, from 0
    std::uint64_t connection = 0; // from 0
    std::string peer;             // its address
    std::string head;
    std::string body;
};

enum class and_then { keep, close, reset, hang };

/// What to do about a request.
struct reply {
    std::vector<std::string> pieces = {}; // sent one by one, a moment apart
    std::chrono::milliseconds delay{};    // before the first
    and_then then = and_then::keep;
};

/// A 200 with a length, or another status.
std::string answer(int status = 200, const std::string& body = "ok", const std::string& headers = "");

/// A handler: answer() at once, to all.
reply at_once(const request_seen& request);

/// Listens on loopback, a thread for each connection. `handler` is called on those threads.
class fault_server {
public:
    using handler = std::function<reply(const request_seen&)>;

    /// @param host an IPv4 address of this machine, or the path of a Unix socket to be made.
    /// @param port 0: one that is free.
    explicit fault_server(handler h, std::string host = "127.0.0.1", std::uint16_t port = 0);
    ~fault_server();
    fault_server(const fault_server&) = delete;
    fault_server& operator=(const fault_server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] std::string url(const std::string& path = "/") const;

    /// Closes the port and all connections: who connects now is refused.
    void go_away();

    /// From now on each connection gets this at once and then the end, and nothing it asks is answered.
    void speak_first(std::string text);

    /// Listens again, on the same port.
    void come_back();

    [[nodiscard]] std::uint64_t connections() const { return connections_; }

    [[nodiscard]] std::vector<request_seen> requests() const;

private:
    void listen();
    void bind_to_path() const;
    void bind_to_port();
    void accept_all(int listener);
    void serve(int socket, std::uint64_t connection, std::string peer);
    bool read_request(int socket, std::string& buffer, request_seen& request);
    bool carry_out(int socket, const reply& what) const;

    handler handler_;
    std::string host_;
    std::uint16_t port_;
    int listener_ = -1;
    std::thread acceptor_;
    std::atomic<bool> away_{false};
    std::atomic<std::uint64_t> connections_{0};
    mutable std::mutex mutex_;
    std::vector<request_seen> requests_;
    std::vector<std::thread> servers_;
    std::vector<int> sockets_;
    std::string first_words_;
};

} // namespace beastmark::testing
