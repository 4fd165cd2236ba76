// One target on one thread: the thread's share of the arrivals and of the connections. It drives the
// dispatcher: timers and what connections tell go in, requests go out.
#pragma once

#include "common/event_loop.hpp"
#include "loadgen/address_set.hpp"
#include "loadgen/connection.hpp"
#include "loadgen/dispatcher.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/pacer.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/probe.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// How many connections of a lane connect at once. A server's queue of those not yet accepted may be as short
/// as 128.
inline constexpr std::uint32_t most_connecting = 64;

class worker;

class lane {
public:
    lane(worker& owner, event_loop& loop, const plan& what, std::size_t target_index, std::uint32_t thread,
         mailbox& reports);

    /// Begins to connect; tells the worker (lane_ready) once each connection is up or has failed.
    void connect();

    /// Arrivals count from `t0` (soon).
    void start(std::chrono::steady_clock::time_point t0);

    /// Goes on with a longer schedule, see dispatcher::extend(). No effect once the arrivals have ended.
    void extend(const schedule& all);

    /// The target's addresses are others now: connections to those that have gone end with their request.
    void use_addresses(const std::vector<address_set::endpoint>& now);

    [[nodiscard]] const address_set& addresses() const { return addresses_; }

    /// Ends the arrivals at `t`; what is in flight gets its timeout to end in.
    void stop(run_time t);

    [[nodiscard]] std::uint32_t connected_count() const { return connected_; }

    [[nodiscard]] const boost::system::error_code& last_connect_error() const { return connect_error_; }

    [[nodiscard]] phase last_connect_phase() const { return connect_phase_; }

    // What connections tell. A slot is what the dispatcher knows as a connection: one request at a time.

    [[nodiscard]] dispatcher::connection_id slot_of(connection::id_type id,
                                                    connection::stream_type stream) const {
        return stream * most_connections_ + id;
    }

    /// It is up, with so many streams.
    void connected(connection::id_type id, std::size_t address, connection::stream_type streams);

    // Of one that is up and connects for each request: where it tries to, and that it did.
    void goes_to(connection::id_type id, std::size_t address) { dispatcher_.goes_to(id, address); }

    void count_opened(std::size_t address) { dispatcher_.count_opened(address); }

    /// It was up.
    void disconnected() { --connected_; }

    // One of its streams takes requests from now on, or takes no more.
    void stream_up(connection::id_type id, connection::stream_type stream, std::size_t address);
    void stream_down(connection::id_type id, connection::stream_type stream);

    void address_failed(std::size_t address, phase where, const boost::system::error_code& code) {
        dispatcher_.address_failed(address, where, code);
    }

    void connect_failed(connection::id_type id, phase where, const boost::system::error_code& code);

    /// One that was up ended without an answer.
    void did_not_work(phase where, const boost::system::error_code& code);

    void count_connect(run_time took) { dispatcher_.count_connect(took); }

    void count_tls_handshake(run_time took) { dispatcher_.count_tls_handshake(took); }

    void first_byte(dispatcher::connection_id slot, run_time t) { dispatcher_.first_byte(slot, t); }

    /// `t`: when the answer's last byte was read.
    void answered(dispatcher::connection_id slot, run_time t, unsigned status, bool reusable,
                  bool body_as_expected);
    void failed(dispatcher::connection_id slot, outcome how, phase where,
                const boost::system::error_code& code);

    /// The server has not looked at the request: it can be sent again, the slot is down.
    void not_taken(dispatcher::connection_id slot);

    /// The connection of an idle slot is down.
    void lost_idle(dispatcher::connection_id slot);

    void count_in(dispatcher::connection_id slot, std::size_t bytes) { dispatcher_.count_in(slot, bytes); }

    void count_out(dispatcher::connection_id slot, std::size_t bytes) { dispatcher_.count_out(slot, bytes); }

    // Of no request in particular.
    void count_in_now(std::size_t bytes) { dispatcher_.count_in_now(bytes); }

    void count_out_now(std::size_t bytes) { dispatcher_.count_out_now(bytes); }

    /// While it lasts nothing is sent: then what follows from all that was told meanwhile, together.
    class pause {
    public:
        explicit pause(lane& of) : lane_(of), outermost_(!std::exchange(of.pumping_, true)) {}

        ~pause() {
            if (outermost_)
                lane_.go_on();
        }

        pause(const pause&) = delete;
        pause& operator=(const pause&) = delete;

    private:
        lane& lane_;
        bool outermost_;
    };

    /// The connection has put off a part of what it has to send.
    void want_flush(connection::id_type id) { to_flush_.push_back(id); }

    /// A connection wants to connect; only so many of a lane do at once.
    void want_connect(connection::id_type id);

    [[nodiscard]] const plan& the_plan() const { return plan_; }

    /// Time since the start.
    [[nodiscard]] run_time now() const { return std::chrono::steady_clock::now() - t0_; }

private:
    enum class step { connecting, running, draining, done };

    [[nodiscard]] bool under_way() const { return step_ == step::running || step_ == step::draining; }

    void pump(run_time t);
    bool flush();
    void go_on();
    void arm_timers();
    void arm_pacer();
    [[nodiscard]] std::chrono::steady_clock::time_point wake_for(run_time due) const;
    void arm_expiry();
    void arm_roll();
    void arm_heartbeat();
    thread_evidence take_evidence();
    void expire(run_time t);
    void on_roll();
    void on_heartbeat();
    [[nodiscard]] std::uint64_t waiting() const;
    void submit(run_time ends, run_time offered_until, std::uint64_t waiting, bool last);
    void on_end();
    void drain(run_time from);
    void finish();
    void settle(connection::id_type id);
    void connect_more();
    void add_connection();
    void grow();

    struct pace_listener final : event_loop::listener {
        lane* self;

        explicit pace_listener(lane* owner) : self(owner) {}

        void ready(std::uint32_t events) override;
    };

    worker& worker_;
    event_loop& loop_;
    const plan& plan_;
    mailbox& reports_;
    std::size_t target_index_;
    std::uint32_t thread_;
    std::uint32_t most_connections_;
    address_set addresses_;
    dispatcher dispatcher_;
    connection_demand demand_; // of -c auto
    std::vector<std::unique_ptr<connection>> connections_;
    std::deque<connection::id_type> want_connect_;
    std::uint32_t connecting_ = 0;
    std::vector<bool> settled_; // of those to begin with: the first attempt has ended
    std::uint32_t settled_count_ = 0;
    boost::system::error_code connect_error_;
    phase connect_phase_ = phase::connect;
    pace_listener on_pace_{this};
    pacer pacer_;
    timer expiry_;
    timer roll_;
    timer end_;
    // Comes back late when the loop stands still, whether or not anything is due.
    timer heartbeat_;
    run_time stall_{}; // the latest it came in this row
    thread_times thread_before_{};
    std::uint64_t retransmitted_before_ = 0;
    bool to_arm_ = false; // something was sent or came free since timers were set
    bool pumping_ = false;
    std::vector<connection::id_type> to_flush_;
    std::uint32_t connected_ = 0;
    step step_ = step::connecting;
    std::chrono::steady_clock::time_point t0_{};
    run_time arrivals_end_;
    std::size_t row_ = 0;
};

} // namespace beastmark::loadgen
