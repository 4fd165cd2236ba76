// A port of this machine whose connections each get a thread: what small servers for tests are made of.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace beastmark::testing {

struct listening_socket {
    int socket = -1;
    std::uint16_t port = 0;
};

/// On 127.0.0.1, on a free port; the caller closes it. Throws std::system_error.
listening_socket listen_on_loopback(int backlog);

class connection_threads {
public:
    /// Serves a connection until its end; the socket is closed afterwards. @param connection from 0
    using server = std::function<void(int socket, std::uint64_t connection)>;

    explicit connection_threads(server serve);

    /// Ends all connections and waits for their threads.
    ~connection_threads();

    connection_threads(const connection_threads&) = delete;
    connection_threads& operator=(const connection_threads&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listening_.port; }

    [[nodiscard]] std::uint64_t connections() const { return connections_; }

private:
    void accept_all();
    void run(int socket, std::uint64_t connection);

    server serve_;
    listening_socket listening_;
    std::atomic<std::uint64_t> connections_{0};
    std::mutex mutex_;
    std::vector<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

} // namespace beastmark::testing
