#include "connection_threads.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

listening_socket listen_on_loopback(int backlog) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket, backlog) != 0 ||
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::system_error(errno, std::generic_category(), "listen_on_loopback");
    return {socket, ntohs(address.sin_port)};
}

connection_threads::connection_threads(server serve)
    : serve_(std::move(serve)), listening_(listen_on_loopback(1024)), acceptor_([this] { accept_all(); }) {}

connection_threads::~connection_threads() {
    ::shutdown(listening_.socket, SHUT_RDWR);
    acceptor_.join();
    ::close(listening_.socket);
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_)
            ::shutdown(socket, SHUT_RDWR);
        threads.swap(threads_);
    }
    for (auto& t : threads)
        t.join();
}

void connection_threads::accept_all() {
    for (;;) {
        const int socket = ::accept4(listening_.socket, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        sockets_.push_back(socket);
        threads_.emplace_back([this, socket, id = connections_++] { run(socket, id); });
    }
}

void connection_threads::run(int socket, std::uint64_t connection) {
    serve_(socket, connection);
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    ::close(socket);
}

} // namespace beastmark::testing
