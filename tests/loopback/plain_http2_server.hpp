// An HTTP/2 server with prior knowledge that answers each request with 204.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace beastmark::testing {

/// Listens on 127.0.0.1, a thread for each connection.
class plain_http2_server {
public:
    plain_http2_server();
    ~plain_http2_server();
    plain_http2_server(const plain_http2_server&) = delete;
    plain_http2_server& operator=(const plain_http2_server&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

    /// Of each connection that has ended.
    [[nodiscard]] std::vector<std::uint64_t> requests() const;

private:
    void accept_all();
    void serve(int socket);

    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<int> sockets_;
    std::vector<std::thread> servers_;
    std::vector<std::uint64_t> requests_;
    std::thread acceptor_;
};

} // namespace beastmark::testing
