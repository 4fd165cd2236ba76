// One core's connection to memcached: pipelined meta sets, all those of one turn of the loop in one write.
//
// Everything runs on the thread of the event loop given; nothing is locked.
#pragma once

#include "common/event_loop.hpp"
#include "common/name_lookup.hpp"
#include "ingest/backoff.hpp"
#include "ingest/memcached/error.hpp"
#include "ingest/memcached/metrics.hpp"
#include "ingest/memcached/request.hpp"
#include "ingest/memcached/set_queue.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::memcached {

struct client_options {
    /// A name is looked up at each connect, without blocking; its addresses are tried in turn.
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

/// Does not outlive its loop, and is not destroyed from a completion.
class client final : event_loop::listener {
public:
    client(event_loop& loop, const client_options& options, client_metrics& metrics);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Connects in the background and keeps retrying for ever; a failure is logged once per change, and at
    /// most once a second.
    void start();

    /// A set can be taken. False while the oldest one has timed out and its reply has not come.
    [[nodiscard]] bool ready() const noexcept;

    /// Queues the set; it leaves before the loop waits again. Calls `done` at once when not ready
    /// (unavailable), when max_pending are waiting (overloaded) or the key is not one (refused), otherwise
    /// later. No allocation.
    void set(set_request& r);

    /// To be called every 100 ms: expires what is overdue.
    void tick(std::chrono::steady_clock::time_point now);

    /// Fails what is left and closes the connection. For the end of a drain.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    using error_code = boost::system::error_code;
    enum class state { stopped, waiting, connecting, probing, up };

    void ready(std::uint32_t events) override; // the socket
    void on_timer();
    void connect();
    void on_found(const name_lookup::answer& found);
    void try_next_address();
    void connected(error_code error);
    void up();
    void read();
    bool take_replies();
    void write();
    void write_rest();
    void lose(std::string_view reason);
    void close();
    void close_socket() noexcept;
    void fail_all();
    void finish(set_request& r, error_code error);
    void count_state();
    void log_loss(bool was_up, std::string_view reason);

    client_options options_;
    client_metrics& metrics_;
    event_loop& loop_;
    name_lookup lookup_;
    timer timer_; // the wait before an attempt; while there is a link: a write failed, it is to be lost
    ingest::backoff backoff_;
    set_queue queue_;
    state state_ = state::stopped;
    int socket_ = -1;
    event_loop::watch watch_ = 0;
    bool ended_ = false;      // the server has sent all it will
    std::string_view unsent_; // of the piece that is being written
    std::vector<socket_address> addresses_;
    std::size_t next_address_ = 0;
    error_code error_;          // of the last address tried, or of the write that failed
    std::uint32_t attempt_ = 0; // counts links: a completion that finds another number has ended its link
    bool was_up_ = false;
    clock::time_point attempt_deadline_;
    std::string logged_reason_; // of the last failed attempt told of: repeated ones stay silent
    bool back_is_news_ = true;  // it was told of that the cache is away, or never that it is there
    clock::time_point next_loss_logged_;
    clock::time_point next_failure_logged_;
    // What the loop calls before it waits it calls for ever: null when the client is gone.
    std::shared_ptr<client*> called_before_wait_;
};

} // namespace beastmark::memcached
