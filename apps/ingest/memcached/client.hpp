// One core's connection to memcached: pipelined meta sets, all those of one turn of the loop in one write.
//
// Everything runs on the thread of the io_context given; nothing is locked.
#pragma once

#include "ingest/backoff.hpp"
#include "ingest/memcached/error.hpp"
#include "ingest/memcached/metrics.hpp"
#include "ingest/memcached/request.hpp"
#include "ingest/memcached/set_queue.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace beastmark::memcached {

struct client_options {
    /// A name is looked up at each connect, without blocking.
    std::string host = "127.0.0.1";
    std::uint16_t port = 11211;
    /// Sets waiting for their reply, written or not.
    std::size_t max_pending = 4096;
    /// Deadline of a set, kept to the precision of tick.
    std::chrono::nanoseconds timeout = std::chrono::milliseconds(500);
    /// The link is closed when its oldest set is without reply for so long; 0: twice the timeout.
    std::chrono::nanoseconds hard_limit{0};
    /// For one attempt: look-up, connect, and the answer to a first no-op.
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(2);
    /// Wait after the first failed attempt, doubled up to the cap; each with up to half taken off at random.
    std::chrono::milliseconds first_retry{50};
    std::chrono::milliseconds retry_cap{1000};
    /// Names the client in the log; empty: logs nothing.
    std::string name = "memcached";
};

/// Destroy it only when its io_context no longer runs: handlers of its socket may still be queued there.
class client {
public:
    client(boost::asio::io_context& context, const client_options& options, client_metrics& metrics);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Connects in the background and keeps retrying for ever; a failure is logged once per change.
    void start();

    /// A set can be taken. False while the oldest one has timed out and its reply has not come.
    [[nodiscard]] bool ready() const noexcept;

    /// Queues the set; it leaves in the next turn of the loop. Calls `done` at once when not ready
    /// (unavailable), when max_pending are waiting (overloaded) or the key is not one (refused), otherwise
    /// later. No allocation.
    void set(set_request& r);

    /// To be called every 100 ms: expires what is overdue.
    void tick(std::chrono::steady_clock::time_point now);

    /// Fails what is left and closes the connection. For the end of a drain.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;
    enum class state { stopped, waiting, connecting, probing, up };

    void connect();
    void connected(error_code error);
    void up();
    void read();
    void received(error_code error, std::size_t bytes);
    void schedule_write();
    void write();
    void lose(std::string_view reason);
    void close();
    void fail_all();
    void finish(set_request& r, error_code error);
    void count_state();
    void log_loss(bool was_up, std::string_view reason);

    client_options options_;
    client_metrics& metrics_;
    tcp::resolver resolver_;
    boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type> socket_;
    boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>,
                                      boost::asio::io_context::executor_type>
        timer_; // the wait before an attempt
    ingest::backoff backoff_;
    set_queue queue_;
    state state_ = state::stopped;
    std::uint32_t attempt_ = 0; // which socket a handler belongs to: those of an earlier one are ignored
    bool write_scheduled_ = false;
    bool was_up_ = false;
    clock::time_point attempt_deadline_;
    std::string logged_reason_;
};

} // namespace beastmark::memcached
