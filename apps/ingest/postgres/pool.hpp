// The PostgreSQL connections of one core, and the bounded queue in front of them.
//
// Everything runs on the thread of the event loop given; nothing is locked. A statement goes to the
// connection with the fewest in flight; when all are at their depth it waits in the queue; when none can take
// any it fails at once. Where rows may make one statement, they wait until the loop is about to wait.
#pragma once

#include "common/event_loop.hpp"
#include "ingest/link_log.hpp"
#include "ingest/postgres/connect_pacing.hpp"
#include "ingest/postgres/error.hpp"
#include "ingest/postgres/metrics.hpp"
#include "ingest/postgres/request.hpp"
#include "ingest/postgres/row_arrays.hpp"
#include "ingest/postgres/waiting_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::postgres {

class connection;

struct pool_options {
    /// libpq's, "key=value ..." or "postgresql://...". A host *name* is resolved by libpq with a blocking
    /// look-up at each connect; give `hostaddr` too where the resolver may be slow.
    std::string conninfo;
    /// Prepared on each connection before it is offered; takes $1 to $4, returns one integer column.
    std::string statement;
    /// Empty: one statement a row. Else those that wait in one turn of the loop make one statement, this one:
    /// prepared too, takes what row_arrays says, returns an integer column and the uuid for each row stored.
    /// All of it is one transaction. One that is refused is followed by `statement` for each of its rows.
    std::string group_statement;
    /// Rows of one such statement, at least 1; more leave at once.
    std::size_t group_rows = 1;
    /// How long a row waits for more to come, beyond the turn of the loop.
    std::chrono::nanoseconds group_wait{0};
    /// Such statements in flight on one connection, at least 1: while all connections have so many, rows wait
    /// and the next statement is larger.
    std::size_t group_depth = 1;
    /// Connections of this pool, at least 1.
    std::size_t connections = 4;
    /// Statements in flight on one connection, at least 1. Each is a transaction of its own; a server
    /// executes those of one connection one after the other.
    std::size_t depth = 4;
    /// Requests that may wait for a connection.
    std::size_t max_queued = 1024;
    /// How long each may (after group_wait), kept to the precision of tick; 0: as long as its deadline
    /// allows. A queue in order of arrival that is left only at the deadline makes those that are sent last
    /// miss theirs.
    std::chrono::nanoseconds max_wait{0};
    /// Deadline of a request, counted from submit, kept to the precision of tick.
    std::chrono::nanoseconds timeout = std::chrono::seconds(2);
    /// A connection whose oldest statement is without reply for so long is closed; 0: twice the timeout. The
    /// server is told to give a statement up (statement_timeout) half-way between the two.
    std::chrono::nanoseconds hard_limit{0};
    /// For one attempt to connect, log in and prepare.
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);
    /// When it connects, and again after a loss.
    pacing_options pacing;
    /// Names the pool in the log; empty: logs nothing (so that of several cores one can speak for all).
    std::string name = "postgres";

    [[nodiscard]] bool groups() const noexcept { return !group_statement.empty(); }

    /// How long a request may be in the queue, group_wait included. Of checked() options.
    [[nodiscard]] std::chrono::nanoseconds longest_wait() const noexcept {
        return std::min(max_wait + group_wait, timeout);
    }
};

/// With what is 0 or too small replaced.
/// @throws std::invalid_argument when the connection string cannot be parsed (the message does not quote it).
pool_options checked(pool_options options);

/// SQL that has the server give up a statement that waits, for a lock say: without a limit of its own it
/// would outlive its connection, and a table locked for long would collect a server process for each
/// connection given up. Later than the caller's deadline, so that it is the caller's that tells the outcome,
/// and before the hard limit, so that the link need not be given up.
std::string server_side_limit(const pool_options& options);

/// Does not outlive its loop, and is not destroyed from a completion.
class pool {
public:
    /// @throws std::invalid_argument when the connection string cannot be parsed (the message does not quote
    /// it).
    pool(event_loop& loop, const pool_options& options, pool_metrics& metrics);
    ~pool();
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    /// Connects in the background and keeps retrying for ever; a failure is logged once per change, and at
    /// most once a second. That the server has no room for all is only counted (pool_metrics).
    void start();

    /// At least one connection can take a statement. One whose oldest statement has timed out takes none
    /// until the reply has come, so that a server that hangs makes the pool not ready.
    [[nodiscard]] bool ready() const noexcept { return ready_ > 0; }

    /// Sends the statement, or queues it. Calls `done` at once when not ready (unavailable) or the queue is
    /// full (overloaded), otherwise later. No allocation but libpq's own.
    void submit(request& r);

    /// To be called every 100 ms: expires what is overdue.
    void tick(std::chrono::steady_clock::time_point now);

    /// Fails what is left (queued: unavailable; sent: outcome_unknown) and closes the connections. For the
    /// end of a drain.
    void stop();

private:
    friend class connection;
    using clock = std::chrono::steady_clock;

    // The turn after it ends with send_queued: there is nothing else to do.
    struct alarm final : event_loop::listener {
        void ready(std::uint32_t /*events*/) override {}
    };

    // For its connections. A load is what is in flight, or `closed` when the connection takes nothing.
    static constexpr std::uint32_t closed = UINT32_MAX;
    void load_changed(std::size_t index, std::uint32_t load) noexcept;
    void connection_ready(bool again);
    void connection_lost(std::string_view reason);
    void connection_given_up();
    void attempt_failed(bool full, std::string_view reason);
    void statement_refused(std::string_view sqlstate, std::string_view message);
    void send_queued();
    void finish(request& r, boost::system::error_code error) noexcept;
    void try_alone(request& r) noexcept;

    void connect_more();
    void share_places(clock::time_point now);
    bool dispatch(request_list& rows, clock::time_point now);
    void count_sent(request_list& rows, clock::time_point now) noexcept;
    void set_group_timer(clock::time_point t) noexcept;
    void show_queued() noexcept;
    void finish_all(request_list& those, errc reason) noexcept;
    void fail_queued(errc reason);

    pool_options options_;
    pool_metrics& metrics_;
    ingest::link_log log_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<std::uint32_t>
        loads_;             // by connection: compact, so that the least loaded is found in one sweep
    std::size_t ready_ = 0; // those that take statements
    connect_pacing pacing_;
    timer connect_timer_;
    waiting_rows queue_;
    row_arrays arrays_;
    alarm alarm_;
    std::optional<exact_timer> group_timer_;
    clock::time_point group_timer_set_to_;
    // What the loop calls before it waits it calls for ever: null when the pool is gone.
    std::shared_ptr<pool*> called_before_wait_;
};

} // namespace beastmark::postgres
