#include "server/acceptor.hpp"

#include "server/core.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::server {

namespace {

using tcp = boost::asio::ip::tcp;

// Connections in a row before those that are there have their turn.
constexpr int most_accepts = 64;

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
    listening_socket bound{descriptor};
    const auto set = [descriptor](int level, int name, int value) {
        return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
    };
    if (!set(SOL_SOCKET, SO_REUSEADDR, 1) || (shared && !set(SOL_SOCKET, SO_REUSEPORT, 1)) ||
        (family == AF_INET6 && !set(IPPROTO_IPV6, IPV6_V6ONLY, 0)) ||
        !set(IPPROTO_TCP, TCP_NODELAY, 1) || // what is accepted inherits it
        ::bind(descriptor, where.data(), static_cast<socklen_t>(where.size())) != 0) {
        throw_cannot_listen(where, errno);
    }
    return bound;
}

} // namespace

void listening_socket::close() {
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
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

acceptor::acceptor(core& owner, listening_socket listening) : core_{owner}, socket_{std::move(listening)} {
    // By level, so that what is left in the queue after a turn is told of in the next.
    watch_ = core_.loop().add(socket_.descriptor(), EPOLLIN, *this, event_loop::trigger::level);
    if (!watch_) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
    }
}

acceptor::~acceptor() {
    if (watch_) {
        core_.loop().remove(*watch_, socket_.descriptor());
    }
}

void acceptor::ready(std::uint32_t /*events*/) {
    if (!core_.has_room()) {
        pause(rejection::connection_count); // one is waiting, or this would not have been told
        return;
    }
    for (int i = 0; i < most_accepts && core_.has_room() && accept(); ++i) {
    }
}

// False: there is none to accept, or none can be.
bool acceptor::accept() {
    const int accepted = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
        core_.add(accepted);
        return true;
    }
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        // Trying again at once would burn the CPU: the queue stays readable. The next tick does.
        pause(rejection::descriptors);
        return false;
    case EAGAIN:
        return false;
    default:
        return true; // this connection failed before it was accepted
    }
}

void acceptor::pause(rejection why) {
    if (std::exchange(paused_, true)) {
        return;
    }
    core_.metrics().reject(why);
    if (watch_) {
        core_.loop().change(*watch_, socket_.descriptor(), 0);
    }
    const auto now = std::chrono::steady_clock::now();
    if (why == rejection::descriptors && now >= next_logged_) {
        next_logged_ = now + std::chrono::seconds{1};
        spdlog::warn("cannot accept a connection, trying again (each thread tells so once a second): {}",
                     std::generic_category().message(errno));
    }
}

void acceptor::resume() {
    if (paused_ && watch_ && core_.has_room()) {
        paused_ = false;
        core_.loop().change(*watch_, socket_.descriptor(), EPOLLIN);
    }
}

void acceptor::close() {
    if (!watch_) {
        return;
    }
    // Also beyond what the core may have: they are to be answered once and go. No more can have waited, and
    // who comes meanwhile must not keep it from closing.
    for (int i = 0; i < SOMAXCONN && accept(); ++i) {
    }
    core_.loop().remove(*std::exchange(watch_, std::nullopt), socket_.descriptor());
    socket_.close();
}

} // namespace beastmark::server
