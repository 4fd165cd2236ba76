// What happens on a connection's socket: events, bytes in, bytes out.
#include "loadgen/connection.hpp"
#include "loadgen/lane.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// In a turn of the loop, so that a large answer does not make other requests late.
constexpr int most_reads = 16;

} // namespace

void connection::ready(std::uint32_t events) {
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    const auto generation = generation_;
    ended_ = ended_ || (events & ends) != 0;
    if (step_ == step::connecting) {
        if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0)
            return;
        // Whoever closes at once, or speaks before it may, has no answers to give.
        const bool speaks = (events & EPOLLIN) != 0;
        const bool may_speak =
            lane_.the_plan().version == http_version::http_2 && !target_.tls; // RFC 9113 section 3.4
        auto code = pending_error(socket_);
        if (!code && ((speaks && !may_speak) || (events & ends) != 0))
            code = asio::error::connection_reset;
        on_attempt_ended(code);
        if (speaks && generation == generation_ && is_open())
            read();
        return;
    }
    if (step_ == step::handshaking) {
        shake_hands();
        // What came behind the handshake is told by no other event: tickets, or a close.
        if (generation == generation_ && step_ != step::handshaking)
            read();
        return;
    }
    // TLS may have to write before it can read, and the other way round.
    if (((events & EPOLLOUT) != 0 || tls_) && !unsent_.empty()) {
        write();
        if (generation == generation_ && unsent_.empty())
            on_sent();
    }
    if (generation == generation_ && ((events & (EPOLLIN | ends)) != 0 || tls_))
        read();
}

// Some of what is unsent.
error_code connection::transmit(std::size_t& size) {
    if (tls_)
        return tls_->write(unsent_, size);
    ssize_t sent = 0;
    do {
        sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return last_error();
    size = static_cast<std::size_t>(sent);
    return {};
}

error_code connection::receive(char* into, std::size_t room, std::size_t& size) {
    if (tls_)
        return tls_->read(into, room, size);
    ssize_t received = 0;
    do {
        received = ::recv(socket_, into, room, 0);
    } while (received < 0 && errno == EINTR);
    if (received < 0)
        return last_error();
    if (received == 0)
        return asio::error::eof;
    size = static_cast<std::size_t>(received);
    return {};
}

void connection::write() {
    error_code code;
    // Of a part the rest goes out when there is room: EPOLLOUT. TLS may have written a record of several.
    do {
        std::size_t sent = 0;
        code = transmit(sent);
        if (!code) {
            on_bytes_sent(sent);
            unsent_.remove_prefix(sent);
        }
    } while (tls_ && !code && !unsent_.empty());
    if (!code || code == asio::error::would_block)
        return;
    unsent_ = {};
    // The answer that explains it (a 4xx, then a close) may be waiting to be read, and its event to be told.
    if (code != asio::error::broken_pipe && code != asio::error::connection_reset)
        on_send_error(code);
}

// What came, to its end: the next event tells only of what comes after. A read that does not fill the buffer
// has taken all (epoll(7)) but for the end of the connection, which the event tells.
void connection::read() {
    const auto generation = generation_;
    const lane::pause until_all_is_read(lane_); // several answers' next requests go out together
    for (int reads = 0; generation == generation_; ++reads) {
        if (reads == most_reads) {
            loop_.tell_again(watch_, socket_);
            return;
        }
        const auto room = input_capacity - kept_;
        std::size_t size = 0;
        if (const auto code = receive(input_.get() + kept_, room, size)) {
            if (code != asio::error::would_block) {
                read_at_ = lane_.now();
                on_end(code);
            }
            return;
        }
        read_at_ = lane_.now();
        const auto all = size < room && !tls_; // a record may be behind the one that was read
        on_bytes(size);
        if (all && !ended_)
            return;
    }
}

} // namespace beastmark::loadgen
