#include "loadgen/connection.hpp"

#include "common/tcp_connect.hpp"
#include "loadgen/lane.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t input_capacity = 16 * 1024;
// In a turn of the loop, so that a large answer does not make other requests late.
constexpr int most_reads = 16;
constexpr std::chrono::milliseconds first_backoff{10};
constexpr std::chrono::milliseconds longest_backoff{320};

// Since the socket was made; 0 where the kernel does not say.
std::uint32_t socket_retransmissions(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_total_retrans : 0;
}

} // namespace

connection::connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number)
    : lane_(owner),
      target_(to),
      id_(id),
      number_(number),
      home_(owner.addresses().home_of(number)),
      loop_(loop),
      timer_(loop, [this] { on_timer(); }),
      input_(std::make_unique_for_overwrite<char[]>(input_capacity)) {
    if (to.requests.max_size() > 0)
        output_ = std::make_unique_for_overwrite<char[]>(to.requests.max_size());
}

connection::~connection() {
    close_socket();
}

void connection::connect() {
    step_ = step::connecting;
    addresses_tried_ = 0;
    try_next_address();
}

void connection::leave_gone_address() {
    if (step_ == step::closed || lane_.addresses().has(address_))
        return;
    if (step_ == step::busy) {
        leaving_ = true;
    } else if (step_ == step::connecting || step_ == step::handshaking) {
        connect();
    } else {
        close();
        lane_.lost_idle(id_);
    }
}

void connection::try_next_address() {
    address_ = lane_.addresses().to_try(home_, addresses_tried_++, number_);
    close_socket();
    connect_began_ = std::chrono::steady_clock::now();
    could_not_ = {};
    const auto& to = lane_.addresses().known()[address_];
    if (const auto made = begin_connect(loop_, to.data(), static_cast<socklen_t>(to.size()), *this)) {
        socket_ = made->descriptor;
        watch_ = made->watch;
        ended_ = false;
    } else {
        could_not_ = made.error();
    }
    // Told later, also what is known now: who tells at once would be called back in the middle of it.
    timer_.set(could_not_ ? connect_began_ : connect_began_ + lane_.the_plan().timeout);
}

void connection::on_timer() {
    if (step_ == step::connecting)
        on_attempt_ended(could_not_ ? could_not_ : error_code(asio::error::timed_out));
    else if (step_ == step::handshaking)
        attempt_failed(phase::tls, asio::error::timed_out);
    else
        lane_.want_connect(id_);
}

void connection::on_attempt_ended(const error_code& code) {
    if (code) {
        attempt_failed(phase::connect, code);
        return;
    }
    while_connecting_ = socket_retransmissions(socket_);
    handshake_began_ = std::chrono::steady_clock::now();
    lane_.count_connect(handshake_began_ - connect_began_);
    if (target_.tls)
        begin_handshake();
    else
        up();
}

void connection::begin_handshake() {
    step_ = step::handshaking;
    tls_.emplace(*target_.tls, target_.where.host, socket_, ticket_.get());
    shake_hands();
}

void connection::shake_hands() {
    const auto code = tls_->handshake();
    if (code == asio::error::would_block)
        return;
    if (code) {
        attempt_failed(phase::tls, code);
        return;
    }
    lane_.count_tls_handshake(std::chrono::steady_clock::now() - handshake_began_);
    up();
}

void connection::up() {
    timer_.cancel();
    step_ = step::idle;
    input_size_ = 0;
    home_ = address_;
    lane_.connected(id_, address_);
}

void connection::attempt_failed(phase where, const error_code& code) {
    step_ = step::connecting;
    lane_.address_failed(address_, where, code);
    if (addresses_tried_ < lane_.addresses().size()) {
        try_next_address();
        return;
    }
    ++failures_;
    close();
    lane_.connect_failed(id_, where, code);
}

void connection::reconnect() {
    if (failures_ == 0) {
        lane_.want_connect(id_);
        return;
    }
    const auto doublings = std::min(failures_ - 1, 10u);
    timer_.set(std::chrono::steady_clock::now() +
               std::min<std::chrono::milliseconds>(first_backoff * (1u << doublings), longest_backoff));
}

std::uint64_t connection::retransmitted() {
    if (step_ != step::idle && step_ != step::busy)
        return retransmitted_before_;
    return retransmitted_before_ + (socket_retransmissions(socket_) - while_connecting_);
}

void connection::close() {
    retransmitted_before_ = retransmitted();
    step_ = step::closed;
    leaving_ = false;
    timer_.cancel();
    close_socket();
}

void connection::close_socket() noexcept {
    ++generation_;
    if (socket_ < 0)
        return;
    if (tls_) {
        if (target_.tls->resumes())
            if (auto given = tls_->ticket())
                ticket_ = std::move(given);
        tls_->say_goodbye();
        tls_.reset();
    }
    loop_.remove(watch_, socket_);
    ::close(socket_);
    socket_ = -1;
}

void connection::ready(std::uint32_t events) {
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    const auto generation = generation_;
    ended_ = ended_ || (events & ends) != 0;
    if (step_ == step::connecting) {
        if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0)
            return;
        // Whoever closes at once, or speaks before it was asked, has no answers to give.
        auto code = pending_error(socket_);
        if (!code && (events & (EPOLLIN | ends)) != 0)
            code = asio::error::connection_reset;
        on_attempt_ended(code);
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
    if (((events & EPOLLOUT) != 0 || tls_) && !unsent_.empty())
        write();
    if (generation == generation_ && ((events & (EPOLLIN | ends)) != 0 || tls_))
        read();
}

void connection::send(std::uint64_t arrival) {
    step_ = step::busy;
    answering_ = false;
    const auto& request = target_.requests.of(arrival);
    head_only_ = request.head_only();
    expect_answer();
    if (request.constant())
        unsent_ = request.constant_bytes();
    else
        unsent_ = {output_.get(), request.render(output_.get(), lane_.the_plan().seed, arrival)};
    write();
}

void connection::expect_answer() {
    const auto& wanted = lane_.the_plan().expected_body;
    parser_.emplace(head_only_, static_cast<std::uint32_t>(input_capacity), wanted ? &*wanted : nullptr);
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
            lane_.count_out(id_, sent);
            unsent_.remove_prefix(sent);
        }
    } while (tls_ && !code && !unsent_.empty());
    if (!code || code == asio::error::would_block)
        return;
    unsent_ = {};
    // The answer that explains it (a 4xx, then a close) may be waiting to be read, and its event to be told.
    if (code != asio::error::broken_pipe && code != asio::error::connection_reset)
        fail(outcome::reset, phase::send, code);
}

// What came, to its end: the next event tells only of what comes after. A read that does not fill the buffer
// has taken all (epoll(7)) but for the end of the connection, which the event tells.
void connection::read() {
    const auto generation = generation_;
    for (int reads = 0; generation == generation_; ++reads) {
        if (reads == most_reads) {
            loop_.tell_again(watch_, socket_);
            return;
        }
        const auto room = input_capacity - input_size_;
        std::size_t size = 0;
        if (const auto code = receive(input_.get() + input_size_, room, size)) {
            if (code != asio::error::would_block)
                on_end(code);
            return;
        }
        read_at_ = lane_.now();
        const auto all = size < room && !tls_; // a record may be behind the one that was read
        on_bytes(size);
        if (all && !ended_)
            return;
    }
}

void connection::on_bytes(std::size_t size) {
    if (step_ == step::idle) { // nothing was asked: what follows on this connection cannot be trusted
        lose_idle();
        return;
    }
    lane_.count_in(id_, size);
    if (!answering_)
        lane_.first_byte(id_, read_at_);
    answering_ = true;
    input_size_ += size;
    parse();
}

// The connection's end. It ends an answer without a length (RFC 9112 section 6.3), and breaks any other.
void connection::on_end(const error_code& code) {
    read_at_ = lane_.now();
    if (step_ == step::idle) {
        lose_idle();
        return;
    }
    if (code == asio::error::eof && parser_->got_some() && parser_->is_header_done()) {
        error_code incomplete;
        parser_->put_eof(incomplete);
        if (!incomplete) {
            complete(false);
            return;
        }
    }
    fail(outcome::reset, phase::read, code);
}

void connection::parse() {
    std::size_t used = 0;
    while (used < input_size_) {
        error_code code;
        used += parser_->feed(asio::const_buffer(input_.get() + used, input_size_ - used), code);
        if (parser_->is_done() && parser_->informational()) {
            expect_answer();
            continue;
        }
        if (parser_->is_done()) {
            // Bytes behind the answer or the end of the connection, or an answer to half a request: not a
            // connection to go on with.
            const auto clean = used == input_size_ && unsent_.empty() && !ended_ && parser_->status() != 101;
            complete(clean && parser_->keep_alive());
            return;
        }
        if (code == http::error::need_more)
            break;
        if (code) {
            fail(outcome::protocol_error, phase::parse, code);
            return;
        }
    }
    input_size_ -= used;
    if (used > 0 && input_size_ > 0)
        std::memmove(input_.get(), input_.get() + used, input_size_);
    if (input_size_ == input_capacity)
        fail(outcome::protocol_error, phase::parse, http::error::buffer_overflow);
}

void connection::complete(bool reusable) {
    failures_ = 0;
    reusable = reusable && !leaving_;
    if (reusable) {
        step_ = step::idle;
        input_size_ = 0; // before the lane is told: it may send the next request at once
    } else {
        close();
    }
    lane_.answered(id_, read_at_, parser_->status(), reusable, parser_->body_as_expected());
}

void connection::fail(outcome how, phase where, const error_code& code) {
    if (how == outcome::reset)
        ++failures_;
    close();
    lane_.failed(id_, how, where, code);
}

void connection::lose_idle() {
    ++failures_;
    close();
    lane_.lost_idle(id_);
}

} // namespace beastmark::loadgen
