#include "server/session.hpp"

#include "server/core.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::server {

namespace {

// Reads in a row for one connection before the others have their turn.
constexpr int most_reads = 8;

// Batches of pipelined requests (--max-pipelined), likewise.
constexpr int most_batches = 2;

[[nodiscard]] bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

session::session(core& owner, http1_environment& shared, int socket)
    : http1_connection{shared}, core_{owner}, socket_{socket} {}

session::~session() {
    if (!closed_) {
        ::close(socket_);
    }
}

bool session::start() {
    const auto watched = core_.loop().add(socket_, EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this);
    if (!watched) {
        return false;
    }
    watch_ = *watched;
    arm(timeout_kind::idle, last_active());
    return true;
}

void session::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    disarm();
    core_.loop().remove(watch_, socket_);
    ::close(socket_);
    if (!is_handling()) {
        core_.remove(*this);
    }
}

void session::close_if_idle() {
    if (!is_busy() && !finishing_ && !has_unread()) {
        close();
    }
}

bool session::has_unread() const {
    int bytes = 0;
    return ::ioctl(socket_, FIONREAD, &bytes) == 0 && bytes > 0;
}

void session::ready(std::uint32_t events) {
    came_after(core_.loop().backlog_since());
    yielded_ = false;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        readable_ = true;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        hung_up_ = true;
    }
    if (finishing_) {
        discard();
        return;
    }
    if (blocked_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        blocked_ = false;
    }
    if (blocked_) {
        return;
    }
    if (is_handling()) {
        send(); // what was answered before
    } else {
        go_on();
    }
}

void session::answered() {
    if (closed_) {
        core_.remove(*this);
    } else if (!blocked_) {
        came_after(last_active()); // what was sent meanwhile waited for this answer, not for the core
        go_on();
    }
}

// Answers what there is, sends, reads, until one of them cannot go on or it is the others' turn. The session
// may be gone afterwards.
void session::go_on() {
    for (int reads = 0, batches = 0;;) {
        const auto next = advance();
        if (!send()) {
            return;
        }
        switch (next) {
        case stage::output:
            if (++batches == most_batches) {
                yield();
                return;
            }
            break;
        case stage::handler:
            disarm();
            return;
        case stage::end:
            finish();
            return;
        case stage::input:
            if (!readable_) {
                await_input();
                return;
            }
            if (reads++ == most_reads) {
                yield();
                return;
            }
            if (!read()) {
                return;
            }
        }
    }
}

// Goes on behind the others that are ready: a socket that can be written to is told of at once.
void session::yield() {
    yielded_ = true;
    await_input(); // with the deadline of what is awaited now
    core_.loop().tell_again(watch_, socket_);
}

// False: the session is gone.
bool session::read() {
    const auto space = input_space();
    const ssize_t bytes = ::recv(socket_, space.data(), space.size(), 0);
    if (bytes > 0) {
        readable_ = hung_up_ || static_cast<std::size_t>(bytes) == space.size();
        received(static_cast<std::size_t>(bytes), clock::now());
        return true;
    }
    if (bytes < 0 && would_block()) {
        readable_ = false;
        return true;
    }
    close();
    return false;
}

// Gives the answers to the socket. False when it did not take all (ready() goes on) or the session is gone.
bool session::send() {
    const auto answers = output();
    if (answers.empty()) {
        return true;
    }
    const ssize_t bytes = ::send(socket_, answers.data(), answers.size(), MSG_NOSIGNAL);
    if (bytes == static_cast<ssize_t>(answers.size())) {
        sent(answers.size());
        if (armed_ == timeout_kind::write) {
            disarm();
            taken_at(clock::now()); // what is awaited now was not possible before
        }
        return true;
    }
    if (bytes < 0 && !would_block()) {
        close();
        return false;
    }
    if (bytes > 0) {
        sent(static_cast<std::size_t>(bytes));
    }
    blocked_ = true;
    arm(timeout_kind::write, clock::now()); // for all of the answers, however slowly they are taken
    return false;
}

// The last answer is with the kernel. Closing with input unread would reset the connection, and the reset may
// reach the client before it has read the answer: so say the end first, then read on for a while (RFC 9112
// section 9.6).
void session::finish() {
    rest();
    if (!must_linger() && !has_unread()) {
        close();
        return;
    }
    if (::shutdown(socket_, SHUT_WR) != 0) {
        close();
        return;
    }
    finishing_ = true;
    arm(timeout_kind::linger, clock::now());
    discard();
}

void session::discard() {
    std::array<char, 16 * 1024> ignored;
    for (int reads = 0; readable_; ++reads) {
        if (reads == most_reads) {
            core_.loop().tell_again(watch_, socket_);
            return;
        }
        const ssize_t bytes = ::recv(socket_, ignored.data(), ignored.size(), 0);
        if (bytes == 0 || (bytes < 0 && !would_block())) {
            close();
            return;
        }
        readable_ = bytes > 0;
    }
}

void session::await_input() {
    rest();
    if (!is_busy()) {
        arm(timeout_kind::idle, last_active());
    } else {
        arm(has_head() ? timeout_kind::body : timeout_kind::head, std::max(last_active(), last_received()));
    }
}

void session::on_timeout(timeout_kind kind) {
    armed_.reset();
    switch (kind) {
    case timeout_kind::head:
    case timeout_kind::body:
        if (yielded_) { // it waits for its turn, not for the client
            arm(kind, clock::now());
            return;
        }
        time_out();
        if (send()) {
            finish();
        }
        return;
    case timeout_kind::idle:
        if (has_unread()) { // a request came while the core was busy: its turn comes
            arm(kind, clock::now());
            return;
        }
        core_.metrics().reject(rejection::idle_timeout);
        break;
    case timeout_kind::write:
        core_.metrics().reject(rejection::write_timeout);
        break;
    case timeout_kind::linger:
        break;
    }
    close();
}

// What is awaited keeps its first deadline: a client that dribbles bytes, or empty lines, must not push it
// on.
void session::arm(timeout_kind kind, clock::time_point from) {
    if (armed_ == kind && armed_for_ == requests()) {
        return;
    }
    armed_ = kind;
    armed_for_ = requests();
    core_.deadlines().arm(*this, kind, from);
}

void session::disarm() {
    if (armed_) {
        timeouts::disarm(*this);
        armed_.reset();
    }
}

} // namespace beastmark::server
