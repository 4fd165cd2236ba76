#include "common/tcp_connect.hpp"

#include <cerrno>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace beastmark {

boost::system::result<connecting_socket> begin_connect(event_loop& loop, const sockaddr* address,
                                                       socklen_t size, event_loop::listener& who,
                                                       const sockaddr* from, socklen_t from_size) {
    const int on = 1;
    const int made = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0)
        return last_error();
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (from != nullptr)
        setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    std::optional<event_loop::watch> watched;
    const bool bound = from == nullptr || ::bind(made, from, from_size) == 0;
    if (bound && (::connect(made, address, size) == 0 || errno == EINPROGRESS))
        watched = loop.add(made, EPOLLIN | EPOLLOUT | EPOLLRDHUP, who);
    if (!watched) {
        const auto why = last_error();
        ::close(made);
        return why;
    }
    return connecting_socket{.descriptor = made, .watch = *watched};
}

boost::system::error_code pending_error(int socket) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return {error, boost::system::system_category()};
}

boost::system::error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

} // namespace beastmark
