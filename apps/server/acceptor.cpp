#include "server/acceptor.hpp"

#include "server/core.hpp"

#include <boost/asio/ip/address.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::server {

namespace {

using tcp = boost::asio::ip::tcp;

[[noreturn]] void throw_cannot_listen(const tcp::endpoint& where, int error) {
    const std::string port = std::to_string(where.port());
    std::string message = "cannot listen on " + where.address().to_string() + " port " + port + ": ";
    message += std::generic_category().message(error);
    if (error == EADDRINUSE) {
        message += "; stop the program that has port " + port + " or choose another port";
    }
    throw std::runtime_error{message};
}

listening_socket bind_to(const tcp::endpoint& where, bool shared) {
    const int family = where.protocol().family();
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        throw_cannot_listen(where, errno);
    }
    listening_socket bound{descriptor, family};
    const int on = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (shared && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        ::bind(descriptor, where.data(), static_cast<socklen_t>(where.size())) != 0) {
        throw_cannot_listen(where, errno);
    }
    return bound;
}

} // namespace

listening_socket::~listening_socket() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

boost::asio::ip::tcp listening_socket::protocol() const {
    return family_ == AF_INET6 ? tcp::v6() : tcp::v4();
}

std::vector<listening_socket> listen_on(const std::string& address, std::uint16_t port, std::size_t count) {
    boost::system::error_code bad_address;
    const auto numeric = boost::asio::ip::make_address(address, bad_address);
    if (bad_address) {
        throw std::runtime_error{"'" + address + "' is not an IPv4 or IPv6 address to listen on"};
    }
    const tcp::endpoint where{numeric, port};
    // Without SO_REUSEPORT: fails when anyone has the port, also a second instance of this program.
    bind_to(where, false);
    std::vector<listening_socket> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        sockets.push_back(bind_to(where, true));
        if (::listen(sockets.back().descriptor(), SOMAXCONN) != 0) {
            throw_cannot_listen(where, errno);
        }
    }
    return sockets;
}

acceptor::acceptor(core& owner, listening_socket listener)
    : core_{owner}, socket_{owner.context(), listener.protocol(), listener.release()} {}

void acceptor::accept() {
    if (!socket_.is_open()) {
        return;
    }
    if (!core_.has_room()) {
        paused_ = true;
        return;
    }
    socket_.async_accept(core_.context(), [this](const boost::system::error_code& ec, tcp_socket accepted) {
        if (ec == boost::asio::error::operation_aborted) {
            return;
        }
        if (ec) {
            // Out of descriptors or memory: trying again at once would burn the CPU; the next tick does.
            paused_ = true;
            return;
        }
        core_.add(std::move(accepted));
        accept();
    });
}

void acceptor::resume() {
    if (paused_) {
        paused_ = false;
        accept();
    }
}

void acceptor::close() {
    if (!socket_.is_open()) {
        return;
    }
    boost::system::error_code ec;
    socket_.non_blocking(true, ec);
    while (!ec && core_.has_room()) {
        auto accepted = socket_.accept(core_.context(), ec);
        if (!ec) {
            core_.add(std::move(accepted));
        }
    }
    socket_.close(ec);
}

} // namespace beastmark::server
