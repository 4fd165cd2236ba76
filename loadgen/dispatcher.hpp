// Who sends what when: one thread's share of one target's arrivals over its connections. Sans-I/O: the driver
// (lane) tells it what happened to connections and passes the time in; it says which request goes out on
// which connection, which have timed out, and counts every arrival exactly once.
//
// A connection is here what carries one request at a time: of HTTP/2 a stream of one.
//
// Open loop: due arrivals wait for a free connection first come, first served. Since arrival times follow
// from the schedule, the queue is nothing but its head: memory does not grow with what waits.
//
// Closed loop (a schedule of closed stages): a free connection sends the next request at once, or after it
// has thought for a while; connections may join one by one.
#pragma once

#include "loadgen/client_steps.hpp"
#include "loadgen/connection_demand.hpp"
#include "loadgen/outcome.hpp"
#include "loadgen/schedule.hpp"
#include "loadgen/tally.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace beastmark::loadgen {

class request_set;

/// Time since the run's start.
using run_time = std::chrono::nanoseconds;

constexpr double in_seconds(run_time t) noexcept {
    return std::chrono::duration<double>(t).count();
}

class dispatcher {
public:
    using connection_id = std::uint32_t;

    struct settings {
        std::uint64_t stripe = 0;
        std::uint64_t stripes = 1;
        connection_id connections = 1;
        run_time timeout{};
        std::optional<unsigned> expected_status;
        std::optional<run_time>
            skip_after{}; // arrivals later than this are left out; none: sent, however late
        // Of a target with several; then what becomes of requests is counted for each, too.
        std::vector<boost::asio::ip::tcp::endpoint> addresses{};
        const request_set* requests = nullptr; // of a target with several; then they are told apart, too
        client_steps clients{};                // closed loop
        std::uint32_t thread = 0; // whose connections these are: client thread + id * threads of all
        std::uint32_t threads = 1;
    };

    struct send_order {
        connection_id connection;
        std::uint64_t arrival;
    };

    dispatcher(const schedule& all, const settings& options);

    // Connections. All are down at first.

    /// @param address its place among those of the settings.
    void connection_up(connection_id id, run_time now, std::size_t address = 0);

    /// It is up and connects for each of its requests: that goes there.
    void goes_to(connection_id id, std::size_t address) {
        slots_[id].address = static_cast<std::uint32_t>(address);
    }

    /// One to this address was opened. connection_up() counts it itself.
    void count_opened(std::size_t address);

    /// Of a connection that carries several requests at once, each of which is an id of its own, a further
    /// one.
    void stream_up(connection_id id, run_time now, std::size_t address = 0);

    /// Idle connections are used in the order of their ids, whatever the order in which they came up.
    void take_turns();

    /// An idle connection went down. (One with a request first gets its finish.)
    void connection_down(connection_id id);

    /// No attempt to connect succeeded. While no connection is up, due arrivals fail as connect_error with
    /// this code, until one is up. Closed loop: an attempt that fails at `during_run` is a request of its
    /// own.
    void connect_failed(const boost::system::error_code& code, std::optional<run_time> during_run = {},
                        phase where = phase::connect);

    /// The next request to send at `now`: an arrival is due and a connection is free. Counts it as sent and
    /// starts its timeout. Call until it is empty. Allocates nothing.
    std::optional<send_order> next(run_time now);

    /// A further address, whose place is the next one. Only when there are addresses already.
    void add_address(const boost::asio::ip::tcp::endpoint& where);

    /// One address could not be connected to; others may be.
    void address_failed(std::size_t address, phase where, const boost::system::error_code& code);

    /// An attempt to connect succeeded after `took`.
    void count_connect(run_time took);

    /// Its TLS handshake was complete `took` later.
    void count_tls_handshake(run_time took);

    /// The first byte of an answer came.
    void first_byte(connection_id id, run_time now);

    // How a request ended; `reusable`: the connection can take the next one; `body_as_expected`: not judged
    // by the status alone. Allocates nothing.
    void answered(connection_id id, run_time now, unsigned status, bool reusable,
                  bool body_as_expected = true);
    void failed(connection_id id, run_time now, outcome how, phase where,
                const boost::system::error_code& code);

    /// The server did not look at the request, and says so: it goes out once more, as soon as a connection is
    /// free (RFC 9113 section 8.7), before others that wait. A second time it has failed. The connection is
    /// down.
    void not_taken(connection_id id, run_time now);

    /// A connection whose request timed out at or before `now`: it was counted and is down, the driver closes
    /// it. Call until it is empty.
    std::optional<connection_id> expired(run_time now);

    void count_in(connection_id id, std::uint64_t bytes);
    void count_out(connection_id id, std::uint64_t bytes);

    // Of no request in particular: in the stage of the last answer.
    void count_in_now(std::uint64_t bytes) { interval_->of(segment_now_).counts.bytes_in += bytes; }

    void count_out_now(std::uint64_t bytes) { interval_->of(segment_now_).counts.bytes_out += bytes; }

    /// Goes on with `all`, which must outlive this: the schedule so far with stages after its last arrival,
    /// which is past. What still waits for a connection is given up as unfinished. Open loop only, and not
    /// after stop().
    void extend(const schedule& all, run_time now);

    /// Ends the arrivals at `t`: those due later are not offered. What waits for a connection is not sent any
    /// more.
    void stop(run_time t);

    /// Counts everything offered that did not end by `now` as unfinished, with its age.
    void cut(run_time now);

    /// When next() or the failing of due arrivals has something to do that no event of a connection tells.
    [[nodiscard]] std::optional<run_time> next_arrival() const;

    /// When the arrival after the next one is due, whether or not a connection will be free. Open loop only.
    [[nodiscard]] std::optional<run_time> arrival_after_next() const;

    /// When the oldest request in flight times out.
    [[nodiscard]] std::optional<run_time> next_expiry() const;

    /// All that was offered has ended.
    [[nodiscard]] bool finished() const noexcept;

    /// Hands out what was counted since the last roll, with the arrivals scheduled up to `until` as offered;
    /// goes on counting into `fresh` (empty).
    std::unique_ptr<interval> roll(run_time until, std::unique_ptr<interval> fresh);

    [[nodiscard]] std::uint64_t in_flight() const noexcept { return in_flight_; }

    [[nodiscard]] std::uint64_t connected() const noexcept { return connected_; }

    /// What connection_demand wants to know. Open loop only.
    [[nodiscard]] connection_demand::sight look(run_time now) const;

    /// Due at `now` and not sent for want of a free connection.
    [[nodiscard]] std::uint64_t waiting(run_time now) const;

private:
    static constexpr connection_id none = UINT32_MAX;

    enum class state : std::uint8_t { down, to_join, idle, busy };

    // A connection and the request on it.
    struct slot {
        state is = state::down;
        run_time scheduled{};
        run_time sent{};
        run_time ready{}; // closed loop, idle: not to be used before
        std::uint32_t segment = 0;
        std::uint32_t address = 0; // of the connection
        std::uint64_t arrival = 0;
        std::uint32_t request = 0; // its place among several
        bool again = false;        // sent once before
        connection_id before = none;
        connection_id after = none;
    };

    // Connections in one state, in the order in which they entered it: idle ones take turns (a server that
    // spreads connections over its cores gets work on all of them), busy ones expire in the order in which
    // they were sent.
    struct list {
        connection_id first = none;
        connection_id last = none;
    };

    // A request that a server did not take.
    struct returned {
        std::uint64_t arrival;
        run_time scheduled;
        std::uint32_t segment;
    };

    void append(list& to, connection_id id);
    void remove(list& from, connection_id id);

    [[nodiscard]] bool exhausted() const { return cursor_.done() || cursor_.arrival() >= limit_; }

    std::optional<send_order> next_of_closed_loop(run_time now);
    [[nodiscard]] std::optional<run_time> next_of_clients() const;
    [[nodiscard]] run_time begin_of(connection_id id) const;
    void occupy(connection_id id, const returned& request, run_time now);
    void count_sent(connection_id id);
    std::optional<send_order> next_returned(run_time now);
    [[nodiscard]] std::uint64_t due(run_time now) const;
    void fail_due(run_time now);
    void skip_late(run_time now);
    void make_idle(connection_id id, run_time now);
    void release(connection_id id, run_time now, bool reusable);
    void record(const slot& request, run_time now);
    void count_apart(slice& counted, const slot& request, outcome what, run_time now);
    address_tally& address_in(slice& counted, std::size_t address);
    [[nodiscard]] std::uint32_t request_of(std::uint64_t arrival) const;
    [[nodiscard]] std::optional<unsigned> expected_of(const slot& request) const;
    request_tally& request_in(slice& counted, std::uint32_t request);
    void count_unanswered(slice& counted, std::uint64_t arrival, outcome what);
    void give_up_waiting(run_time now);
    slice& slice_at(run_time now);

    const schedule* all_;
    settings options_;
    stripe cursor_;             // the first arrival not sent yet: the head of the queue
    std::uint64_t limit_;       // arrivals from this index on are not offered
    std::uint64_t counted_ = 0; // arrivals of this stripe already counted as offered; closed loop: sent
    bool discard_waiting_ = false;
    std::vector<slot> slots_;
    list idle_;
    list busy_;
    list to_join_; // closed loop: up, but their client has not begun yet
    std::deque<returned> returned_;
    // Since when a connection has been free without a break. What an arrival waits until then is the wait for
    // a connection, what it waits from then on is the generator's lag.
    run_time free_since_{};
    std::uint64_t in_flight_ = 0;
    std::uint64_t ended_ = 0; // requests that were sent
    run_time busy_time_{};    // from their sending to their end, together
    std::uint64_t connected_ = 0;
    boost::system::error_code down_because_; // set while arrivals fail as connect_error
    phase down_at_ = phase::connect;
    std::unique_ptr<interval> interval_;
    std::size_t segment_now_ = 0; // of the time of the last answer
};

} // namespace beastmark::loadgen
