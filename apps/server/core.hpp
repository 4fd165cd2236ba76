// One thread of a server: its event loop, its acceptor, its sessions, its counters. Cores share nothing.
#pragma once

#include "common/event_loop.hpp"
#include "server/acceptor.hpp"
#include "server/http1_connection.hpp"
#include "server/server_metrics.hpp"
#include "server/session.hpp"
#include "server/timeouts.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>

namespace beastmark::server {

/// Bounds of one core.
struct core_limits {
    std::size_t max_connections;
    std::array<timeouts::clock::duration, timeout_kind_count> timeout_lengths; ///< by timeout_kind
    request_limits request;
    connection_limits connection;
};

class core {
public:
    /// Connections wait in the listener's queue until run(). @param routes outlives the core.
    /// Throws std::system_error when descriptors are exhausted.
    core(const route_table& routes, core_limits limits, listening_socket listener);
    core(const core&) = delete;
    core& operator=(const core&) = delete;
    ~core();

    /// Must be called once, before run().
    void set_handler(std::unique_ptr<handler> handles);

    /// The thread's body: serves until drained or cut.
    void run();

    /// From any thread: takes no new connection, ends each one with its next answer, and those that stay idle
    /// after `grace`; then run() returns.
    void begin_drain(std::chrono::nanoseconds grace);

    /// From any thread: closes every connection at once, then run() returns.
    void cut();

    /// From any thread: run() has returned or is about to.
    [[nodiscard]] bool finished() const { return finished_.load(std::memory_order_acquire); }

    /// From any thread: as of the last tick; not when that is over 2 s ago.
    [[nodiscard]] bool ready() const;

    /// Valid when finished: connections that cut() closed with an answer owed.
    [[nodiscard]] std::size_t cut_connections() const { return cut_connections_; }

    event_loop& loop() { return loop_; }

    core_metrics& metrics() { return metrics_; }

    // For its sessions and acceptor, on the core's thread:
    timeouts& deadlines() { return timeouts_; }

    /// Takes over a connected socket that does not block.
    void add(int accepted);
    void remove(session& gone);
    [[nodiscard]] bool has_room() const;

private:
    using session_list = boost::intrusive::list<session, boost::intrusive::base_hook<session_list_hook>,
                                                boost::intrusive::constant_time_size<true>>;

    void tick();
    void report_readiness(timeouts::clock::time_point now);
    void close_sessions();
    void finish_if_drained();
    void stop_handler();

    event_loop loop_;
    const core_limits limits_;
    core_metrics metrics_;
    timeouts timeouts_;
    date_header date_;
    workspace_pool workspaces_;
    http1_environment shared_;
    timer ticker_;
    acceptor acceptor_;
    std::unique_ptr<handler> handler_;
    session_list sessions_;
    std::size_t cut_connections_ = 0;
    bool handler_stopped_ = false;
    timeouts::clock::time_point idle_until_ = timeouts::clock::time_point::max(); // then idle ones are closed
    std::atomic<timeouts::clock::time_point> ready_at_{timeouts::clock::time_point::min()};
    std::atomic<bool> finished_{false};
};

} // namespace beastmark::server
