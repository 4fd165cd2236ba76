// Listening sockets, and a core's acceptance of connections.
#pragma once

#include "common/event_loop.hpp"
#include "server/rejection.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::server {

class core;

/// An owned descriptor of a socket in the listening state.
class listening_socket {
public:
    explicit listening_socket(int descriptor) : descriptor_{descriptor} {}

    listening_socket(listening_socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

    listening_socket& operator=(listening_socket&&) = delete;

    ~listening_socket() { close(); }

    [[nodiscard]] int descriptor() const { return descriptor_; }

    void close();

private:
    int descriptor_;
};

/// Binds `count` sockets to one address and port through SO_REUSEPORT: the kernel spreads new connections
/// over them, by a hash, so the shares are only nearly equal. @param address a numeric IPv4 or IPv6 address;
/// "::" takes IPv4 too (RFC 3493 section 5.3).
/// @throws std::runtime_error naming the address and port, e.g. when the port is taken (also by a program
/// that set SO_REUSEPORT itself, which the kernel alone would let pass).
std::vector<listening_socket> listen_on(const std::string& address, std::uint16_t port, std::size_t count);

/// Accepts for one core, when its loop runs. Stops while the core is full or descriptors are exhausted;
/// resume() tries again.
class acceptor final : event_loop::listener {
public:
    /// Throws std::system_error when the kernel has no room to watch the socket.
    acceptor(core& owner, listening_socket listening);
    ~acceptor();
    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;

    /// Accepts again if it had stopped.
    void resume();

    /// Accepts what is in the queue already, since closing would reset it, then closes. A full core takes it
    /// too.
    void close();

private:
    void ready(std::uint32_t events) override;
    bool accept();
    void pause(rejection why);

    core& core_;
    listening_socket socket_;
    std::optional<event_loop::watch> watch_;
    bool paused_ = false;
    std::chrono::steady_clock::time_point next_logged_{};
};

} // namespace beastmark::server
