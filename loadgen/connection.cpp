#include "loadgen/connection.hpp"

#include "loadgen/lane.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t input_capacity = 16 * 1024;
constexpr std::chrono::milliseconds first_backoff{10};
constexpr std::chrono::milliseconds longest_backoff{320};

// Since the socket was made; 0 where the kernel does not say.
std::uint32_t socket_retransmissions(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_total_retrans : 0;
}

} // namespace

struct connection::read_handler {
    connection* self;
    std::uint32_t generation;

    void operator()(const error_code& code, std::size_t size) const {
        if (generation == self->generation_)
            self->on_read(code, size);
    }
};

struct connection::write_handler {
    connection* self;
    std::uint32_t generation;

    void operator()(const error_code& code) const {
        if (generation == self->generation_ && !code)
            self->write(); // an error shows in the send, or in the outstanding read
    }
};

struct connection::connect_handler {
    connection* self;
    std::uint32_t generation;

    void operator()(const error_code& code) const {
        if (generation == self->generation_)
            self->on_connected(code);
    }
};

struct connection::deadline_handler {
    connection* self;
    std::uint32_t generation;

    void operator()(const error_code& code) const {
        if (generation != self->generation_ || code || self->step_ != step::connecting)
            return;
        self->deadline_passed_ = true;
        error_code ignored;
        self->socket_.cancel(ignored);
    }
};

struct connection::retry_handler {
    connection* self;
    std::uint32_t generation;

    void operator()(const error_code& code) const {
        if (generation == self->generation_ && !code)
            self->lane_.want_connect(self->id_);
    }
};

connection::connection(lane& owner, asio::io_context& context, const target& to, id_type id)
    : lane_(owner),
      target_(to),
      id_(id),
      address_(id % to.endpoints.size()),
      socket_(context),
      timer_(context),
      input_(std::make_unique_for_overwrite<char[]>(input_capacity)) {
    if (!to.request.constant()) {
        output_ = std::make_unique_for_overwrite<char[]>(to.request.max_size());
        to.request.prepare(output_.get());
    }
}

void connection::connect() {
    step_ = step::connecting;
    addresses_tried_ = 0;
    try_next_address();
}

void connection::try_next_address() {
    const auto& endpoint = target_.endpoints[address_];
    ++addresses_tried_;
    deadline_passed_ = false;
    error_code code;
    socket_.close(code);
    socket_.open(endpoint.protocol(), code);
    if (!code)
        socket_.set_option(asio::ip::tcp::no_delay(true), code);
    if (!code)
        socket_.non_blocking(true, code); // a send that would block must say so
    if (code) {
        ++failures_;
        close();
        lane_.connect_failed(id_, code);
        return;
    }
    timer_.expires_after(lane_.the_plan().timeout);
    timer_.async_wait(deadline_handler{this, generation_});
    connect_began_ = std::chrono::steady_clock::now();
    socket_.async_connect(endpoint, connect_handler{this, generation_});
}

void connection::on_connected(const error_code& code) {
    if (!code && !deadline_passed_) {
        timer_.cancel();
        step_ = step::idle;
        while_connecting_ = socket_retransmissions(socket_.native_handle());
        input_size_ = 0;
        read();
        lane_.connected(id_, std::chrono::steady_clock::now() - connect_began_);
        return;
    }
    const auto why = deadline_passed_ ? error_code(asio::error::timed_out) : code;
    address_ = (address_ + 1) % target_.endpoints.size();
    if (addresses_tried_ < target_.endpoints.size()) {
        try_next_address();
        return;
    }
    ++failures_;
    close();
    lane_.connect_failed(id_, why);
}

void connection::reconnect() {
    if (failures_ == 0) {
        lane_.want_connect(id_);
        return;
    }
    const auto doublings = std::min(failures_ - 1, 10u);
    timer_.expires_after(
        std::min<std::chrono::milliseconds>(first_backoff * (1u << doublings), longest_backoff));
    timer_.async_wait(retry_handler{this, generation_});
}

std::uint64_t connection::retransmitted() {
    if (step_ != step::idle && step_ != step::busy)
        return retransmitted_before_;
    return retransmitted_before_ + (socket_retransmissions(socket_.native_handle()) - while_connecting_);
}

void connection::close() {
    ++generation_;
    retransmitted_before_ = retransmitted();
    step_ = step::closed;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

void connection::read() {
    socket_.async_read_some(asio::buffer(input_.get() + input_size_, input_capacity - input_size_),
                            read_handler{this, generation_});
}

void connection::send(std::uint64_t arrival) {
    step_ = step::busy;
    answering_ = false;
    parser_.emplace(target_.request.head_only(), static_cast<std::uint32_t>(input_capacity));
    if (target_.request.constant())
        unsent_ = target_.request.constant_bytes();
    else
        unsent_ = {output_.get(), target_.request.render(output_.get(), lane_.the_plan().seed, arrival)};
    write();
}

void connection::write() {
    if (step_ != step::busy || unsent_.empty())
        return;
    error_code code;
    const auto sent = socket_.send(asio::buffer(unsent_.data(), unsent_.size()), 0, code);
    lane_.count_out(id_, sent);
    unsent_.remove_prefix(sent);
    if (code && code != asio::error::would_block) {
        // The answer that explains it (a 4xx, then a close) may be waiting to be read: the outstanding read
        // decides.
        if (code == asio::error::broken_pipe || code == asio::error::connection_reset) {
            unsent_ = {};
            return;
        }
        fail(outcome::reset, phase::send, code);
        return;
    }
    if (!unsent_.empty())
        socket_.async_wait(asio::socket_base::wait_write, write_handler{this, generation_});
}

void connection::on_read(const error_code& code, std::size_t size) {
    read_at_ = lane_.now();
    if (code) {
        on_end(code);
        return;
    }
    lane_.count_in(id_, size);
    if (step_ ==
        step::idle) { // nothing was asked: whatever it is, what follows on this connection cannot be trusted
        lose_idle();
        return;
    }
    if (!answering_)
        lane_.first_byte(id_, read_at_);
    answering_ = true;
    input_size_ += size;
    parse();
}

// The connection's end. It ends an answer without a length (RFC 9112 section 6.3), and breaks any other.
void connection::on_end(const error_code& code) {
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
            parser_.emplace(target_.request.head_only(), static_cast<std::uint32_t>(input_capacity));
            continue;
        }
        if (parser_->is_done()) {
            // Bytes behind the answer, or an answer to half a request: not a connection to go on with.
            const auto clean = used == input_size_ && unsent_.empty() && parser_->status() != 101;
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
    else
        read();
}

void connection::complete(bool reusable) {
    failures_ = 0;
    if (reusable) {
        step_ = step::idle;
        input_size_ = 0;
        read(); // before the lane is told: it may send the next request at once
    } else {
        close();
    }
    lane_.answered(id_, read_at_, parser_->status(), reusable);
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
