// A core whose loop the test turns by hand, with socket pairs for connections: no thread, no port that
// matters, and time passes when the test says so.
#pragma once

#include "server/core.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

/// The client's end of a connection. Never blocks.
class client_end {
public:
    explicit client_end(int socket) : socket_{socket} {}

    client_end(client_end&& other) noexcept
        : socket_{std::exchange(other.socket_, -1)},
          received_{std::move(other.received_)},
          ended_{other.ended_} {}

    client_end& operator=(client_end&&) = delete;

    ~client_end() {
        if (socket_ >= 0)
            ::close(socket_);
    }

    /// True when the kernel took all of it.
    bool send(std::string_view bytes) const {
        return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }

    /// All that has come so far.
    const std::string& receive() {
        char block[16384];
        ssize_t bytes = 0;
        while ((bytes = ::recv(socket_, block, sizeof block, 0)) > 0)
            received_.append(block, static_cast<std::size_t>(bytes));
        ended_ = ended_ || bytes == 0 || errno == ECONNRESET;
        return received_;
    }

    /// Throws away what comes, without keeping it. @return the bytes.
    std::size_t drop() const {
        char block[16384];
        std::size_t all = 0;
        ssize_t bytes = 0;
        while ((bytes = ::recv(socket_, block, sizeof block, 0)) > 0)
            all += static_cast<std::size_t>(bytes);
        return all;
    }

    [[nodiscard]] bool ended() {
        receive();
        return ended_;
    }

    void close() { ::close(std::exchange(socket_, -1)); }

private:
    int socket_;
    std::string received_;
    bool ended_ = false;
};

class hand_driven_core {
public:
    using clock = server::timeouts::clock;

    hand_driven_core(const server::route_table& routes, std::unique_ptr<server::handler> handles,
                     server::connection_limits limits = {})
        : core_{
              routes,
              {.max_connections = 1000,
               .timeout_lengths = {std::chrono::seconds{60}, std::chrono::seconds{5}, std::chrono::seconds{5},
                                   std::chrono::seconds{5}, std::chrono::seconds{5}},
               .request = server::request_limits{},
               .connection = limits},
              std::move(server::listen_on("127.0.0.1", 0, 1).front())} {
        core_.set_handler(std::move(handles));
    }

    client_end connect() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error("socketpair");
        core_.add(ends[0]);
        return client_end{ends[1]};
    }

    void turn(int times = 1) {
        for (int i = 0; i < times; ++i)
            core_.loop().turn(std::chrono::milliseconds{0});
    }

    /// As if it were `now`.
    void expire(clock::time_point now) { core_.deadlines().expire(now); }

    [[nodiscard]] std::int64_t connections() { return core_.metrics().connections.value(); }

    server::core& operator*() { return core_; }

private:
    server::core core_;
};

} // namespace beastmark::testing
