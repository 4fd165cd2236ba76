// A client's TCP connection from its socket to the end of connect(2), on an event loop.
#pragma once

#include "common/event_loop.hpp"

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <sys/socket.h>

namespace beastmark {

/// A socket that its owner forgets, then closes: event_loop::remove(), close(2).
struct connecting_socket {
    int descriptor = -1;
    event_loop::watch watch = 0;
};

/// Begins to connect to `address`, without waiting, and without Nagle's delay once it is up. `who` hears of
/// EPOLLIN, EPOLLOUT and EPOLLRDHUP, edge-triggered: of EPOLLOUT, or of EPOLLHUP or EPOLLERR, first when the
/// attempt has ended, and how is in pending_error(). An error is one known at once, and leaves nothing open.
/// @param from the local address of `from_size` bytes to come from, of the same family; its port is 0 and
/// found by connect(2), so that it may be shared by connections to different addresses
/// (IP_BIND_ADDRESS_NO_PORT, ip(7)). Null: the kernel's choice.
boost::system::result<connecting_socket> begin_connect(event_loop& loop, const sockaddr* address,
                                                       socklen_t size, event_loop::listener& who,
                                                       const sockaddr* from = nullptr,
                                                       socklen_t from_size = 0);

/// How the attempt to connect has ended: SO_ERROR, connect(2). Takes it away.
boost::system::error_code pending_error(int socket) noexcept;

/// errno.
boost::system::error_code last_error() noexcept;

} // namespace beastmark
