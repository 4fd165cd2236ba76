#include "http2_server.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

http2_server::http2_server(handler h, std::optional<std::uint32_t> allowed)
    : handler_(std::move(h)), allowed_(allowed) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("http2_server: cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

http2_server::~http2_server() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    std::vector<std::thread> servers;
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_)
            ::shutdown(socket, SHUT_RDWR);
        servers.swap(servers_);
    }
    for (auto& s : servers)
        s.join();
}

std::vector<http2_request_seen> http2_server::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t http2_server::most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
}

std::vector<std::uint32_t> http2_server::resets() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint32_t> all;
    for (const auto& [connection, codes] : resets_)
        all.insert(all.end(), codes.begin(), codes.end());
    return all;
}

void http2_server::accept_all() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        sockets_.push_back(socket);
        servers_.emplace_back([this, socket, id = connections_++] { serve(socket, id); });
    }
}

void http2_server::serve(int socket, std::uint64_t connection) {
    std::uint64_t number = 0;
    http2_peer peer(
        [&](http2_peer& p, const http2_request_seen& request) {
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            handler_(p, request, connection, number++);
        },
        allowed_);
    std::array<char, 16'384> block{};
    for (bool goes_on = true; goes_on && number < cut_after_;) {
        const auto out = peer.output();
        if (!out.empty() && ::send(socket, out.data(), out.size(), MSG_NOSIGNAL) < 0)
            break;
        if (peer.over())
            break;
        const auto size = ::recv(socket, block.data(), block.size(), 0);
        if (size <= 0)
            break;
        goes_on = peer.feed({block.data(), static_cast<std::size_t>(size)});
        const std::lock_guard lock(mutex_);
        most_at_once_ = std::max(most_at_once_, peer.most_at_once());
        resets_[connection] = peer.resets();
    }
    const auto last = number < cut_after_ ? peer.output() : std::string();
    ::send(socket, last.data(), last.size(), MSG_NOSIGNAL);
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    ::close(socket);
}

} // namespace beastmark::testing
