// The server's side of an HTTP/1.1 connection without its socket: bytes in, requests to the handler, answers
// out.
//
// Requests that arrived together (HTTP pipelining) are answered in order into one output, which leaves in one
// send. While an answer waits for a backend nothing further is parsed: that is the connection's
// back-pressure. Reads the clock only to measure what requests take.
#pragma once

#include "server/handler.hpp"
#include "server/limits.hpp"
#include "server/workspace.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::server {

/// What the connections of a core share.
struct http1_environment {
    const route_table& routes;
    const request_limits& request;
    const connection_limits& connection;
    core_metrics& metrics;
    date_header& date;
    workspace_pool& workspaces;
    handler* handles = nullptr;
    bool draining = false;       ///< each answer says Connection: close
    std::string error_body = {}; // reused
};

class http1_connection : public exchange {
public:
    using clock = std::chrono::steady_clock;

    explicit http1_connection(http1_environment& shared) : shared_{shared} {}

    http1_connection(const http1_connection&) = delete;
    http1_connection& operator=(const http1_connection&) = delete;

    /// What the connection can go on with.
    enum class stage {
        input,   ///< more input: read, then received()
        handler, ///< the handler's answer: answered() tells
        output,  ///< the output being sent: then advance() again
        end      ///< nothing: send the output, then close; lingeringly if must_linger()
    };

    /// Where to read the next input to; never empty. Valid until received() or rest().
    std::span<char> input_space();

    /// So many bytes of the space were filled at `now`.
    void received(std::size_t bytes, clock::time_point now);

    /// What is read next was sent after this, as far as is known.
    void came_after(clock::time_point moment) { came_after_ = moment; }

    /// Takes as many requests of the input as it can.
    stage advance();

    /// Answers whose sending is due, and how many bytes of it were sent.
    [[nodiscard]] std::string_view output() const;
    void sent(std::size_t bytes);

    /// A request has begun and is not answered, or output is left; as of the last rest().
    [[nodiscard]] bool is_busy() const { return workspace_ != nullptr; }

    /// The head of the request in progress was read: its body is awaited.
    [[nodiscard]] bool has_head() const { return workspace_->parser && workspace_->parser->has_head(); }

    /// Received whole so far.
    [[nodiscard]] std::uint64_t requests() const { return requests_; }

    [[nodiscard]] bool is_handling() const { return handling_; }

    [[nodiscard]] bool is_ending() const { return ending_; }

    /// The client may still be sending, and a close would reset the connection before it has read the answer.
    [[nodiscard]] bool must_linger() const { return lingering_; }

    /// When the last answer was given or taken, or bytes of a request came; at first, when the connection
    /// began.
    [[nodiscard]] clock::time_point last_active() const { return last_active_; }

    /// When bytes came last, of a request or not.
    [[nodiscard]] clock::time_point last_received() const { return received_at_; }

    /// The client has taken an answer that had to wait for it.
    void taken_at(clock::time_point now) { last_active_ = now; }

    /// Gives the buffers back when nothing is in progress. After the end what is left of the input is
    /// dropped.
    void rest();

    /// The request in progress is not complete in time: answers 408 and ends. Not while the handler has it.
    void time_out();

    // exchange:
    [[nodiscard]] std::size_t route_index() const override { return workspace_->parser->route_index(); }

    [[nodiscard]] std::string_view body() const override { return workspace_->body; }

    void respond(const response& answer) override;
    void respond(const http_error& error) override;

protected:
    ~http1_connection();

    /// The handler has answered, later than in its handle(): advance() and send.
    virtual void answered() = 0;

private:
    bool parse_one();
    void begin_request();
    void dispatch();
    [[nodiscard]] bool is_overloaded() const;
    template <class Answer>
    void settle(const Answer& given);
    void answer(const response& what);
    void answer(const http_error& error);
    void end_with(const http_error& error);
    [[nodiscard]] connection_header connection() const;

    http1_environment& shared_;
    std::unique_ptr<workspace> workspace_;
    clock::time_point last_active_ = clock::now();
    clock::time_point came_after_ = clock::time_point::max();
    clock::time_point received_at_{}; // of the bytes read last
    clock::time_point started_at_{};  // first byte of the request in progress
    std::uint64_t requests_ = 0;
    std::size_t sent_bytes_ = 0;
    bool handling_ = false;    // the handler owes an answer
    bool dispatching_ = false; // inside the handler's handle()
    bool continued_ = false;   // 100 Continue was sent
    bool keep_alive_ = false;  // the request in progress lets the connection be kept
    bool ending_ = false;      // no further request after the answers so far
    bool lingering_ = false;
};

} // namespace beastmark::server
