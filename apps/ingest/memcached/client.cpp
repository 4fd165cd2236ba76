#include "ingest/memcached/client.hpp"

#include "common/tcp_connect.hpp"
#include "ingest/memcached/codec.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::memcached {
namespace {

client_options checked(client_options options) {
    if (options.hard_limit.count() == 0)
        options.hard_limit = 2 * options.timeout;
    return options;
}

} // namespace

client::client(event_loop& loop, const client_options& options, client_metrics& metrics)
    : options_(checked(options)),
      metrics_(metrics),
      log_(options.name, "the cache", 1),
      loop_(loop),
      lookup_(loop, [this](const name_lookup::answer& found) { on_found(found); }),
      timer_(loop, [this] { on_timer(); }),
      backoff_(options.first_retry, options.retry_cap, std::random_device()()),
      queue_(options.max_pending),
      called_before_wait_(std::make_shared<client*>(this)) {
    loop.before_wait([called = called_before_wait_] {
        if (*called != nullptr)
            (*called)->write();
    });
    count_state();
}

client::~client() {
    *called_before_wait_ = nullptr;
    close_socket();
}

void client::start() {
    if (state_ == state::stopped)
        connect();
}

bool client::ready() const noexcept {
    return state_ == state::up && !queue_.oldest_before(overdue_before_);
}

void client::stop() {
    state_ = state::stopped;
    close();
    fail_all();
}

void client::set(set_request& r) {
    r.submitted = clock::now();
    if (r.deadline <= r.submitted)
        return finish(r, errc::timed_out);
    if (!ready())
        return finish(r, errc::unavailable);
    if (queue_.full())
        return finish(r, errc::overloaded);
    if (!is_key(r.key))
        return finish(r, errc::refused);
    queue_.push(r, std::min<clock::time_point>(r.deadline, r.submitted + options_.timeout));
    count_state();
}

void client::tick(clock::time_point now) {
    if (state_ == state::connecting || state_ == state::probing) {
        if (now >= attempt_deadline_)
            lose("no answer to the attempt to connect in time");
        return;
    }
    overdue_before_ = now - options_.timeout;
    std::size_t place = 0;
    while (set_request* const r = queue_.abandon_overdue(now, place))
        finish(*r, errc::timed_out);
    if (state_ == state::up && queue_.oldest_before(now - options_.hard_limit))
        lose("no reply to a set in time");
}

// --- connecting

void client::on_timer() {
    if (state_ == state::waiting)
        connect();
    else
        lose(error_.message()); // a write failed
}

void client::connect() {
    state_ = state::connecting;
    attempt_deadline_ = clock::now() + options_.connect_timeout;
    addresses_.clear();
    next_address_ = 0;
    const auto numeric = numeric_address(options_.host, options_.port);
    if (!numeric)
        return lookup_.start(options_.host, options_.port);
    addresses_.push_back(*numeric); // spares the look-up and its thread
    try_next_address();
}

void client::on_found(const name_lookup::answer& found) {
    if (!found.error.empty())
        return lose(found.error);
    addresses_ = found.addresses;
    try_next_address();
}

void client::try_next_address() {
    while (next_address_ < addresses_.size()) {
        const auto& to = addresses_[next_address_++];
        const auto made = begin_connect(loop_, to.data(), to.size, *this);
        if (!made) {
            error_ = made.error();
            continue;
        }
        socket_ = made->descriptor;
        watch_ = made->watch;
        ended_ = false;
        return; // ready() hears how it ends
    }
    lose(error_.message());
}

// A hung server's kernel still accepts connections, one that is full answers and closes: only a reply proves
// it.
void client::connected(error_code error) {
    if (error) {
        error_ = error;
        close_socket();
        return try_next_address();
    }
    state_ = state::probing;
    queue_.push_probe(clock::now());
}

void client::up() {
    state_ = state::up;
    backoff_.up(clock::now());
    const bool again = std::exchange(was_up_, true);
    if (again)
        metrics_.reconnects.add();
    log_.up(again);
}

// --- reading and writing

void client::ready(std::uint32_t events) {
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    ended_ = ended_ || (events & ends) != 0;
    if (state_ == state::connecting) {
        if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0)
            return;
        connected(pending_error(socket_));
        if (state_ != state::probing)
            return;
    }
    if ((events & EPOLLOUT) != 0 && !unsent_.empty())
        write_rest();
    if ((events & (EPOLLIN | ends)) != 0)
        read(); // also what came while connecting: it is told of once
}

// What came, to its end: the next event tells only of what comes after. A read that does not fill its space
// has taken all (epoll(7)) but for the end of the connection, which the event tells.
void client::read() {
    for (;;) {
        const auto space = queue_.read_space();
        const auto size = ::recv(socket_, space.data(), space.size(), 0);
        if (size <= 0) {
            const auto error = size == 0 ? error_code(boost::asio::error::eof) : last_error();
            if (error == boost::asio::error::interrupted)
                continue;
            if (error != boost::asio::error::would_block)
                lose(error.message());
            return;
        }
        queue_.received(static_cast<std::size_t>(size));
        if (!take_replies() || (static_cast<std::size_t>(size) < space.size() && !ended_))
            return;
    }
}

// False: the link is gone. While a completion runs, the caller's code may set again, or stop the client.
bool client::take_replies() {
    const auto attempt = attempt_;
    for (;;) {
        set_queue::completion result;
        switch (queue_.next(result)) {
        case set_queue::progress::need_bytes:
            count_state();
            return true;
        case set_queue::progress::out_of_sync:
            lose("unexpected answer: " + queue_.offending_line());
            return false;
        case set_queue::progress::completed:
            if (state_ == state::probing)
                up();
            if (result.request != nullptr)
                finish(*result.request, result.error);
            if (attempt != attempt_)
                return false;
        }
    }
}

// All sets of one turn of the loop leave in one send: called when its events have been told.
void client::write() {
    const auto piece = queue_.start_write();
    if (piece.empty())
        return; // nothing to say, or the piece before is not out yet
    unsent_ = piece;
    write_rest();
}

void client::write_rest() {
    ssize_t sent = 0;
    do {
        sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        unsent_.remove_prefix(static_cast<std::size_t>(sent));
        if (unsent_.empty())
            queue_.written();
        return; // of a part the rest goes out when there is room: EPOLLOUT
    }
    error_ = last_error();
    if (error_ == boost::asio::error::would_block)
        return;
    unsent_ = {};
    timer_.set(clock::now()); // not now: what the completions do before the loop waits might come too late
}

// --- loss and the end

void client::lose(std::string_view reason) {
    const bool was_up = state_ == state::up;
    state_ = state::waiting;
    log_.lost(was_up, reason);
    close();
    const auto now = clock::now();
    timer_.set(now + backoff_.next(now));
    fail_all();
}

void client::close() {
    ++attempt_;
    lookup_.cancel();
    timer_.cancel();
    close_socket();
    count_state();
}

void client::close_socket() noexcept {
    unsent_ = {};
    if (socket_ < 0)
        return;
    loop_.remove(watch_, socket_);
    ::close(socket_);
    socket_ = -1;
}

void client::fail_all() {
    error_code error;
    while (set_request* const r = queue_.fail_next(error))
        finish(*r, error);
}

void client::finish(set_request& r, error_code error) {
    metrics_.record(error, clock::now() - r.submitted);
    r.done(r, error);
}

void client::count_state() {
    const bool is_up = state_ == state::up;
    metrics_.connecting.set(is_up ? 0 : 1);
    metrics_.idle.set(is_up && queue_.empty() ? 1 : 0);
    metrics_.used.set(is_up && !queue_.empty() ? 1 : 0);
}

} // namespace beastmark::memcached
