#include "fault_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

using namespace std::chrono_literals;

void check(int result, const char* what) {
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

std::string answer(int status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " Word\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

reply at_once(const request_seen& /*request*/) {
    return {{answer()}};
}

fault_server::fault_server(handler h, std::string host, std::uint16_t port)
    : handler_(std::move(h)), host_(std::move(host)), port_(port) {
    listen();
}

fault_server::~fault_server() {
    go_away();
}

std::string fault_server::url(const std::string& path) const {
    return "http://" + host_ + ":" + std::to_string(port_) + path;
}

void fault_server::bind_to_path() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    host_.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(host_.c_str());
    check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
}

void fault_server::bind_to_port() {
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    check(inet_pton(AF_INET, host_.c_str(), &address.sin_addr) - 1, "inet_pton");
    address.sin_port = htons(port_);
    check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    socklen_t size = sizeof address;
    check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    port_ = ntohs(address.sin_port);
}

void fault_server::listen() {
    const bool at_path = host_.starts_with('/');
    listener_ = socket(at_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(listener_, "socket");
    if (at_path)
        bind_to_path();
    else
        bind_to_port();
    check(::listen(listener_, 1024), "listen");
    away_ = false;
    acceptor_ = std::thread([this, listener = listener_] { accept_all(listener); });
}

void fault_server::accept_all(int listener) {
    for (;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const int socket = accept4(listener, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        sockets_.push_back(socket);
        char peer[INET_ADDRSTRLEN] = "";
        inet_ntop(AF_INET, &from.sin_addr, peer, sizeof peer);
        servers_.emplace_back(
            [this, socket, id = connections_++, name = std::string(peer)] { serve(socket, id, name); });
    }
}

void fault_server::go_away() {
    if (!acceptor_.joinable())
        return;
    away_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    std::vector<std::thread> servers;
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_)
            shutdown(socket, SHUT_RDWR);
        servers.swap(servers_);
    }
    for (auto& s : servers)
        s.join();
}

void fault_server::speak_first(std::string text) {
    const std::lock_guard lock(mutex_);
    first_words_ = std::move(text);
}

void fault_server::come_back() {
    listen();
}

std::vector<request_seen> fault_server::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void fault_server::serve(int socket, std::uint64_t connection, std::string peer) {
    std::string buffer;
    request_seen request;
    request.connection = connection;
    request.peer = std::move(peer);
    std::string first_words;
    {
        const std::lock_guard lock(mutex_);
        first_words = first_words_;
    }
    if (!first_words.empty()) {
        send(socket, first_words.data(), first_words.size(), MSG_NOSIGNAL);
        shutdown(socket, SHUT_WR);
        carry_out(socket, {.pieces = {}, .then = and_then::hang});
    }
    while (first_words.empty() && read_request(socket, buffer, request)) {
        {
            const std::lock_guard lock(mutex_);
            request.number = requests_.size();
            requests_.push_back(request);
        }
        if (!carry_out(socket, handler_(request)))
            break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    close(socket);
}

bool fault_server::read_request(int socket, std::string& buffer, request_seen& request) {
    for (;;) {
        const auto end = buffer.find("\r\n\r\n");
        if (end != std::string::npos) {
            request.head = buffer.substr(0, end + 4);
            const auto field = request.head.find("Content-Length: ");
            const auto length =
                field == std::string::npos ? 0 : std::strtoul(request.head.c_str() + field + 16, nullptr, 10);
            if (buffer.size() >= end + 4 + length) {
                request.body = buffer.substr(end + 4, length);
                buffer.erase(0, end + 4 + length);
                return true;
            }
        }
        char block[4096];
        const auto size = recv(socket, block, sizeof block, 0);
        if (size <= 0)
            return false;
        buffer.append(block, static_cast<std::size_t>(size));
    }
}

// False when the connection is over.
bool fault_server::carry_out(int socket, const reply& what) const {
    const auto end = std::chrono::steady_clock::now() + what.delay;
    while (!away_ && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(
            std::min<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now(), 20ms));
    for (std::size_t i = 0; i < what.pieces.size(); ++i) {
        if (i > 0)
            std::this_thread::sleep_for(200us);
        if (send(socket, what.pieces[i].data(), what.pieces[i].size(), MSG_NOSIGNAL) < 0)
            return false;
    }
    switch (what.then) {
    case and_then::keep:
        return true;
    case and_then::close:
        return false;
    case and_then::reset: {
        const linger at_once{1, 0};
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    }
    case and_then::hang: {
        char block[4096];
        while (recv(socket, block, sizeof block, 0) > 0) {
        }
        return false;
    }
    }
    return false;
}

} // namespace beastmark::testing
