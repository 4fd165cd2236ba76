// One connection: reads requests, has them answered in order, writes the answers.
//
// One read or one write is outstanding at a time, but for the end of a connection. Requests that arrived
// together (HTTP pipelining) are answered into one buffer and leave in one send; while an answer waits for a
// backend nothing further is read, which is the connection's back-pressure. The session deletes itself when
// it is closed and nothing is outstanding any more.
#pragma once

#include "server/handler.hpp"
#include "server/request_parser.hpp"
#include "server/timeouts.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <optional>
#include <string>

namespace beastmark::server {

class core;

/// A socket bound to io_context itself: any_io_executor costs an indirect call for each operation.
using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

struct session_list_tag;
using session_list_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<session_list_tag>>;

class session final : public exchange, public timeout_node, public session_list_hook {
public:
    session(core& owner, tcp_socket socket);

    void start();

    /// The core drains: an idle connection closes, a busy one after its answer.
    void drain();

    /// Closes at once, whatever is under way.
    void close();

    /// Nothing is owed to the client: no request in progress, no answer under way.
    [[nodiscard]] bool is_idle() const {
        return closed_ || (!parser_ && !writing_ && output_.empty() && !ending_);
    }

    [[nodiscard]] std::size_t route_index() const override { return parser_->route_index(); }

    [[nodiscard]] std::string_view body() const override { return body_; }

    void respond(const response& answer) override;
    void respond(const http_error& error) override;
    void reject(rejection why, const http_error& error) override;

private:
    using clock = std::chrono::steady_clock;

    void run();
    bool parse_one();
    void dispatch();
    template <class Answer>
    void settle(const Answer& given);
    void answer(const response& what);
    void answer(const http_error& error);
    void end_with(const http_error& error);
    bool send();
    void finish();
    void wait_for_input();
    void read();
    void on_read(const boost::system::error_code& ec, std::size_t bytes);
    void on_written(const boost::system::error_code& ec);
    void on_timeout(timeout_kind kind) override;
    void arm(timeout_kind kind);
    void disarm();
    void destroy_if_unused();
    [[nodiscard]] connection_header connection() const;

    [[nodiscard]] bool has_unread();

    core& core_;
    tcp_socket socket_;
    std::optional<request_parser> parser_;
    std::optional<timeout_kind> armed_;
    clock::time_point received_at_; // of the bytes read last
    clock::time_point started_at_;  // first byte of the request in progress
    std::string body_;
    std::string output_;    // answers not yet given to the socket
    std::string sending_;   // what the socket did not take at once
    std::size_t begin_ = 0; // input_[begin_, end_) is not yet parsed
    std::size_t end_ = 0;
    bool reading_ = false;
    bool writing_ = false;
    bool handling_ = false;    // the handler owes an answer
    bool dispatching_ = false; // inside the handler's handle()
    bool continued_ = false;   // 100 Continue was sent
    bool ending_ = false;      // no further request after the answers so far
    bool keep_alive_ = false;  // the request in progress lets the connection be kept
    bool lingering_ = false;
    bool closed_ = false;
    std::array<char, head_limit_bytes + 1>
        input_; // the parser fails on more than the limit that it cannot use
};

} // namespace beastmark::server
