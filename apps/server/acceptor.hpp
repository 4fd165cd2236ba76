// Listening sockets, and a core's acceptance of connections.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::server {

class core;

/// An owned descriptor of a socket in the listening state.
class listening_socket {
public:
    listening_socket(int descriptor, int family) : descriptor_{descriptor}, family_{family} {}

    listening_socket(listening_socket&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}, family_{other.family_} {}

    listening_socket& operator=(listening_socket&&) = delete;
    ~listening_socket();

    [[nodiscard]] int descriptor() const { return descriptor_; }

    int release() { return std::exchange(descriptor_, -1); }

    [[nodiscard]] boost::asio::ip::tcp protocol() const;

private:
    int descriptor_;
    int family_;
};

/// Binds `count` sockets to one address and port through SO_REUSEPORT: the kernel spreads new connections
/// over them, by a hash, so the shares are only nearly equal. @param address a numeric IPv4 or IPv6 address.
/// @throws std::runtime_error naming the address and port, e.g. when the port is taken (also by a program
/// that set SO_REUSEPORT itself, which the kernel alone would let pass).
std::vector<listening_socket> listen_on(const std::string& address, std::uint16_t port, std::size_t count);

/// Accepts for one core. Stops while the core is full or descriptors are exhausted; resume() tries again.
class acceptor {
public:
    acceptor(core& owner, listening_socket listener);

    void start() { accept(); }

    /// Accepts again if it had stopped.
    void resume();

    /// Accepts what is in the queue already, since closing would reset it, then closes.
    void close();

private:
    using socket_type =
        boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

    void accept();

    core& core_;
    socket_type socket_;
    bool paused_ = false;
};

} // namespace beastmark::server
