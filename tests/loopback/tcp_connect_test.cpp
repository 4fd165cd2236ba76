// How a client's connection begins, against sockets of this process.
#include "common/tcp_connect.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark {
namespace {

using namespace std::chrono_literals;

struct remembering final : event_loop::listener {
    std::uint32_t events = 0;

    void ready(std::uint32_t came) override { events |= came; }
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// Bound to a free port; listening if told so.
class local_socket {
public:
    explicit local_socket(bool listens) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_ = loopback(0);
        socklen_t size = sizeof address_;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address_), size), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
        if (listens) {
            EXPECT_EQ(::listen(socket_, 8), 0);
        }
    }

    ~local_socket() { ::close(socket_); }

    local_socket(const local_socket&) = delete;
    local_socket& operator=(const local_socket&) = delete;

    [[nodiscard]] const sockaddr_in& address() const { return address_; }

private:
    int socket_;
    sockaddr_in address_{};
};

boost::system::result<connecting_socket> begin(event_loop& loop, const sockaddr_in& to, remembering& who) {
    return begin_connect(loop, reinterpret_cast<const sockaddr*>(&to), sizeof to, who);
}

void run_until_told(event_loop& loop, const remembering& who) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (who.events == 0 && std::chrono::steady_clock::now() < deadline)
        loop.turn(100ms);
}

void forget(event_loop& loop, const connecting_socket& made) {
    loop.remove(made.watch, made.descriptor);
    ::close(made.descriptor);
}

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(tcp_connect, hears_when_it_is_up_and_sends_without_delay) {
    event_loop loop;
    const local_socket server(true);
    remembering who;
    const auto made = begin(loop, server.address(), who);
    ASSERT_TRUE(made);
    run_until_told(loop, who);
    EXPECT_EQ(who.events, static_cast<std::uint32_t>(EPOLLOUT));
    EXPECT_FALSE(pending_error(made->descriptor));
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    EXPECT_EQ(getsockopt(made->descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    EXPECT_NE(no_delay, 0);
    EXPECT_NE(fcntl(made->descriptor, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(made->descriptor, F_GETFD) & FD_CLOEXEC, 0);
    forget(loop, *made);
}

TEST(tcp_connect, a_refusal_is_told_at_once_or_pending) {
    event_loop loop;
    const local_socket silent(false);
    remembering who;
    const auto made = begin(loop, silent.address(), who);
    if (!made) {
        EXPECT_EQ(made.error().value(), ECONNREFUSED);
        return;
    }
    run_until_told(loop, who);
    EXPECT_EQ(pending_error(made->descriptor).value(), ECONNREFUSED);
    EXPECT_FALSE(pending_error(made->descriptor)) << "taken away";
    forget(loop, *made);
}

TEST(tcp_connect, comes_from_the_address_it_is_told_to) {
    event_loop loop;
    const local_socket server(true);
    auto from = loopback(0);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    remembering who;
    const auto made =
        begin_connect(loop, reinterpret_cast<const sockaddr*>(&server.address()), sizeof server.address(),
                      who, reinterpret_cast<const sockaddr*>(&from), sizeof from);
    ASSERT_TRUE(made);
    run_until_told(loop, who);
    sockaddr_in ours{};
    socklen_t size = sizeof ours;
    ASSERT_EQ(getsockname(made->descriptor, reinterpret_cast<sockaddr*>(&ours), &size), 0);
    EXPECT_EQ(ours.sin_addr.s_addr, from.sin_addr.s_addr);
    EXPECT_NE(ours.sin_port, 0);
    int late = 0;
    size = sizeof late;
    ASSERT_EQ(getsockopt(made->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, &size), 0);
    EXPECT_NE(late, 0) << "connect(2) finds the port";
    forget(loop, *made);

    from.sin_addr.s_addr = htonl(0xc0000201); // 192.0.2.1, nobody's
    const auto before = open_descriptors();
    EXPECT_EQ(begin_connect(loop, reinterpret_cast<const sockaddr*>(&server.address()),
                            sizeof server.address(), who, reinterpret_cast<const sockaddr*>(&from),
                            sizeof from)
                  .error()
                  .value(),
              EADDRNOTAVAIL);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(tcp_connect, an_error_known_at_once_leaves_nothing_open) {
    event_loop loop;
    remembering who;
    auto everyone = loopback(80);
    everyone.sin_addr.s_addr = INADDR_BROADCAST;
    auto no_family = loopback(80);
    no_family.sin_family = AF_MAX;
    const auto before = open_descriptors();
    EXPECT_EQ(begin(loop, everyone, who).error().value(), ENETUNREACH);
    EXPECT_EQ(begin(loop, no_family, who).error().value(), EAFNOSUPPORT);
    EXPECT_EQ(open_descriptors(), before);
}

} // namespace
} // namespace beastmark
