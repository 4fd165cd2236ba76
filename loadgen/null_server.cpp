#include "loadgen/null_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace beastmark::loadgen {

namespace {

constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Answers are all alike: a row of them serves whatever is owed, from whichever byte.
constexpr std::size_t answers_at_once = 64;

std::string make_row() {
    std::string row;
    for (std::size_t i = 0; i < answers_at_once; ++i)
        row += answer;
    return row;
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), fmt::format("null server: {}", what));
}

} // namespace

std::size_t head_counter::take(std::string_view bytes) noexcept {
    constexpr std::string_view end = "\r\n\r\n";
    std::size_t heads = 0;
    for (const char c : bytes) {
        if (c == end[matched_])
            ++matched_;
        else
            matched_ = c == '\r' ? 1 : 0;
        if (matched_ < end.size())
            continue;
        matched_ = 0;
        ++heads;
    }
    return heads;
}

void answers_owed::add(std::size_t answers) noexcept {
    bytes_ += answers * answer.size();
}

std::string_view answers_owed::next() const {
    static const std::string row = make_row();
    const auto begun = (answer.size() - bytes_ % answer.size()) % answer.size();
    return std::string_view(row).substr(begun, bytes_);
}

null_server::null_server()
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "null server: socket"),
      epoll_(::epoll_create1(EPOLL_CLOEXEC), "null server: epoll"),
      end_(::eventfd(0, EFD_CLOEXEC), "null server: eventfd") {
    listen();
    watch(listener_.get(), EPOLLIN);
    watch(end_.get(), EPOLLIN);
    thread_ = std::thread([this] { serve(); });
}

null_server::~null_server() {
    ::eventfd_write(end_.get(), 1);
    thread_.join();
}

std::string null_server::url() const {
    return fmt::format("http://127.0.0.1:{}/", port_);
}

void null_server::listen() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), SOMAXCONN) != 0 ||
        ::getsockname(listener_.get(), generic, &length) != 0)
        fail("cannot listen on 127.0.0.1");
    port_ = ::ntohs(address.sin_port);
}

void null_server::watch(int number, std::uint32_t events) const {
    epoll_event wanted{.events = events, .data = {.fd = number}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &wanted) != 0)
        fail("epoll_ctl");
}

void null_server::serve() {
    std::array<epoll_event, 256> events{};
    for (;;) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            const int number = event.data.fd;
            if (number == end_.get())
                return;
            if (number == listener_.get())
                accept_all();
            else if (const auto found = connections_.find(number); found != connections_.end())
                serve(*found->second, event.events);
        }
    }
}

void null_server::accept_all() {
    for (;;) {
        const int number = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (number < 0) {
            // Out of descriptors: who connects now gets no answer, which shows; a loop that spins would not.
            if (errno == EMFILE || errno == ENFILE)
                full_ = ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr) == 0;
            return;
        }
        const int on = 1;
        ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto peer = std::make_unique<connection>(number);
        epoll_event wanted{.events = EPOLLIN, .data = {.fd = number}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &wanted) == 0)
            connections_.emplace(number, std::move(peer));
    }
}

void null_server::serve(connection& peer, std::uint32_t events) {
    const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    const bool lives = (!readable || receive(peer)) && send(peer);
    if (!lives) {
        connections_.erase(peer.socket.get());
        if (std::exchange(full_, false))
            watch(listener_.get(), EPOLLIN);
        return;
    }
    if (const bool blocked = !peer.owed.none(); blocked != peer.blocked) {
        peer.blocked = blocked;
        epoll_event wanted{.events = blocked ? EPOLLOUT : EPOLLIN, .data = {.fd = peer.socket.get()}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, peer.socket.get(), &wanted);
    }
}

/// False when the connection has ended.
bool null_server::receive(connection& peer) {
    std::array<char, 16 * 1024> buffer;
    const auto length = ::recv(peer.socket.get(), buffer.data(), buffer.size(), 0);
    if (length > 0)
        peer.owed.add(peer.heads.take(std::string_view(buffer.data(), static_cast<std::size_t>(length))));
    return length > 0 || (length < 0 && (errno == EAGAIN || errno == EINTR));
}

/// False when the connection has ended.
bool null_server::send(connection& peer) {
    while (!peer.owed.none()) {
        const auto bytes = peer.owed.next();
        const auto sent = ::send(peer.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        peer.owed.sent(static_cast<std::size_t>(sent));
    }
    return true;
}

} // namespace beastmark::loadgen
