#include "server/session.hpp"

#include "server/core.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace beastmark::server {

namespace {

// Answers that may wait in memory before the client must take some.
constexpr std::size_t output_limit_bytes = 64 * 1024;

} // namespace

session::session(core& owner, tcp_socket socket)
    : core_{owner}, socket_{std::move(socket)}, received_at_{clock::now()} {}

void session::start() {
    boost::system::error_code ignored; // a connection that is gone already fails its first read
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    wait_for_input();
}

// Not close(): the read under way may have taken a request already, with only its handler still queued. A
// read without one is aborted, and on_read() closes.
void session::drain() {
    if (is_idle()) {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }
}

bool session::has_unread() {
    boost::system::error_code failed;
    return socket_.available(failed) > 0 && !failed;
}

void session::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    disarm();
    boost::system::error_code ignored;
    socket_.close(ignored);
    destroy_if_unused();
}

void session::destroy_if_unused() {
    if (closed_ && !reading_ && !writing_ && !handling_) {
        core_.remove(*this);
    }
}

// Answers what was read, sends, and waits for what comes next.
void session::run() {
    for (;;) {
        bool needs_input = false;
        while (!handling_ && !ending_ && !needs_input && output_.size() < output_limit_bytes) {
            needs_input = !parse_one();
        }
        if (!send()) {
            return; // on_written() continues, or the session is gone
        }
        if (handling_) {
            return; // respond() continues
        }
        if (ending_) {
            finish();
            return;
        }
        if (needs_input) {
            wait_for_input();
            return;
        }
    }
}

// Takes one request as far as the input goes. True when it was answered or given to the handler.
bool session::parse_one() {
    if (!parser_) {
        // A client may send empty lines before a request (RFC 9112 section 2.2).
        while (begin_ < end_ && (input_[begin_] == '\r' || input_[begin_] == '\n')) {
            ++begin_;
        }
        if (begin_ == end_) {
            return false;
        }
        parser_.emplace(core_.routes(), body_);
        started_at_ = received_at_;
    }
    begin_ += parser_->feed({input_.data() + begin_, end_ - begin_});
    switch (parser_->current()) {
    case request_parser::state::complete:
        dispatch();
        return true;
    case request_parser::state::failed:
        end_with(*parser_->error());
        return true;
    case request_parser::state::need_more:
        break;
    }
    if (parser_->refused_before_body()) {
        end_with(*parser_->error());
        return true;
    }
    if (parser_->wants_continue() && !continued_) {
        continued_ = true;
        output_ += continue_response;
    }
    return false;
}

void session::dispatch() {
    disarm();
    keep_alive_ = parser_->keeps_alive() && !core_.draining();
    if (parser_->error()) {
        answer(*parser_->error());
        return;
    }
    if (const auto fixed = core_.routes()[route_index()].fixed_answer; !fixed.empty()) {
        answer(response{.body = fixed});
        return;
    }
    handling_ = true;
    core_.metrics().active_requests.add(1);
    dispatching_ = true;
    core_.request_handler().handle(*this);
    dispatching_ = false;
}

void session::respond(const response& what) {
    settle(what);
}

void session::respond(const http_error& error) {
    settle(error);
}

// The handler's answer, of either kind.
template <class Answer>
void session::settle(const Answer& given) {
    handling_ = false;
    core_.metrics().active_requests.add(-1);
    keep_alive_ = keep_alive_ && !core_.draining();
    if (closed_) {
        destroy_if_unused();
        return;
    }
    answer(given);
    if (!dispatching_ && !writing_) {
        run();
    }
}

void session::reject(rejection why, const http_error& error) {
    if (!closed_) {
        core_.metrics().reject(why);
    }
    respond(error);
}

connection_header session::connection() const {
    if (!keep_alive_) {
        return connection_header::close;
    }
    return parser_->is_http_1_0() ? connection_header::keep_alive : connection_header::none;
}

void session::answer(const response& what) {
    const method requested = parser_->requested_method();
    append_response(output_, what, core_.date(), connection(), requested != method::head);
    core_.metrics().record(requested, parser_->route_index(), what.status, clock::now() - started_at_);
    ending_ = !keep_alive_;
    continued_ = false;
    parser_.reset();
}

void session::answer(const http_error& error) {
    const std::string body = error_body(error);
    std::string extra;
    if (error.status == http::status::method_not_allowed) {
        extra.append("Allow: ").append(core_.routes()[route_index()].allow()).append("\r\n");
    } else if (error.status == http::status::service_unavailable) {
        extra = "Retry-After: 1\r\n";
    }
    answer(response{.status = error.status, .body = body, .extra_headers = extra});
}

// The place of a next request is unknown, or the client is not to send the body: answer and close
// lingeringly.
void session::end_with(const http_error& error) {
    keep_alive_ = false;
    lingering_ = true;
    answer(error);
}

// Gives the answers to the socket. False when it did not take all (on_written() continues) or the session is
// gone.
bool session::send() {
    if (writing_) {
        return false;
    }
    if (output_.empty()) {
        return true;
    }
    boost::system::error_code ec;
    const std::size_t sent = socket_.write_some(boost::asio::buffer(output_), ec);
    if (ec && ec != boost::asio::error::would_block) {
        close();
        return false;
    }
    if (sent == output_.size()) {
        output_.clear();
        return true;
    }
    std::swap(sending_, output_);
    output_.clear();
    writing_ = true;
    arm(timeout_kind::write);
    boost::asio::async_write(
        socket_, boost::asio::buffer(sending_) + sent,
        [this](const boost::system::error_code& failed, std::size_t) { on_written(failed); });
    return false;
}

void session::on_written(const boost::system::error_code& ec) {
    writing_ = false;
    if (closed_) {
        destroy_if_unused();
    } else if (ec) {
        close();
    } else {
        disarm();
        run();
    }
}

// The last answer is with the kernel. Closing with input unread would reset the connection, and the reset may
// reach the client before it has read the answer: so say the end first, then read on for a while (RFC 9112
// section 9.6).
void session::finish() {
    if (!lingering_ && begin_ == end_ && !has_unread()) {
        close();
        return;
    }
    lingering_ = true;
    boost::system::error_code ec;
    socket_.shutdown(tcp_socket::shutdown_send, ec);
    if (ec) {
        close();
        return;
    }
    arm(timeout_kind::linger);
    begin_ = end_ = 0;
    if (!reading_) {
        read();
    }
}

void session::wait_for_input() {
    if (!parser_) {
        arm(timeout_kind::idle);
    } else {
        arm(parser_->has_head() ? timeout_kind::body : timeout_kind::head);
    }
    if (begin_ > 0) {
        std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  input_.begin() + static_cast<std::ptrdiff_t>(end_), input_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    read();
    if (core_.draining()) {
        drain();
    }
}

void session::read() {
    reading_ = true;
    socket_.async_read_some(
        boost::asio::buffer(input_.data() + end_, input_.size() - end_),
        [this](const boost::system::error_code& ec, std::size_t bytes) { on_read(ec, bytes); });
}

void session::on_read(const boost::system::error_code& ec, std::size_t bytes) {
    reading_ = false;
    if (closed_) {
        destroy_if_unused();
    } else if (ec == boost::asio::error::operation_aborted && has_unread()) {
        read(); // drain() came between the request's arrival and its reading
    } else if (ec) {
        close();
    } else if (ending_) {
        if (!writing_) { // lingering: what still comes is thrown away
            read();
        }
    } else {
        received_at_ = clock::now();
        end_ += bytes;
        run();
    }
}

void session::on_timeout(timeout_kind kind) {
    armed_.reset();
    if (kind != timeout_kind::head && kind != timeout_kind::body) {
        close();
        return;
    }
    // The read under way stays; from now on it throws away what comes.
    end_with(errors::request_timeout);
    if (send()) {
        finish();
    }
}

// A head or body keeps its first deadline: a client that dribbles bytes must not push it on.
void session::arm(timeout_kind kind) {
    if (armed_ == kind && (kind == timeout_kind::head || kind == timeout_kind::body)) {
        return;
    }
    armed_ = kind;
    core_.deadlines().arm(*this, kind, clock::now());
}

void session::disarm() {
    if (armed_) {
        timeouts::disarm(*this);
        armed_.reset();
    }
}

} // namespace beastmark::server
