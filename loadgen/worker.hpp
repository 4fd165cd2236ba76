// One thread of the load: an event loop, and a lane for each target. Nothing is shared with other workers on
// the hot path.
#pragma once

#include "common/event_loop.hpp"
#include "loadgen/lane.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/name_refresh.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/probe.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace beastmark::loadgen {

/// What workers tell the run's control; called on the worker's thread.
class worker_events {
public:
    virtual void worker_ready() = 0;
    virtual void worker_done() = 0;
    virtual void addresses_changed(std::size_t target, const resolved_name::endpoints& now) = 0;
    virtual void name_failed(std::size_t target, const std::string& why) = 0;

protected:
    ~worker_events() = default;
};

class worker {
public:
    /// @param thread its number, from 0: which share of arrivals and connections is its own.
    worker(const plan& what, std::uint32_t thread, mailbox& reports, worker_events& events);

    /// Joins the thread, which ends at once if it has not ended.
    ~worker();

    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// Connects; worker_ready() follows when every connection is up or was refused once.
    void connect();

    /// Arrivals begin at `t0`; worker_done() follows when all of them have ended.
    void start(std::chrono::steady_clock::time_point t0);

    /// Goes on with a longer schedule, which must outlive this.
    void extend(const schedule& all);

    /// Connections to a target go to these addresses from now on. From any thread.
    void use_addresses(std::size_t target_index, const resolved_name::endpoints& now);

    /// Ends the arrivals at `t`, time since the start.
    void stop(run_time t);

    struct connect_state {
        std::uint32_t connected = 0;
        phase failed_at{}; // the last attempt that failed
        boost::system::error_code last_error;
    };

    /// Of one target. Blocks until the thread answers.
    connect_state connections_of(std::size_t target_index);

    // Called by its lanes, on its thread.
    [[nodiscard]] thread_times thread_now() const { return probe_->read(); }

    void lane_ready();
    void lane_done();

private:
    void run(bool spin);

    worker_events& events_;
    event_loop loop_;
    std::optional<thread_probe> probe_; // made on the thread
    std::vector<std::unique_ptr<lane>> lanes_;
    std::optional<name_refresh> names_; // of the first worker, with --dns-ttl
    std::size_t ready_ = 0;
    std::size_t done_ = 0;
    std::thread thread_;
};

} // namespace beastmark::loadgen
