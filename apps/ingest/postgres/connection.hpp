// One link to PostgreSQL: libpq in non-blocking pipeline mode, driven by the event loop.
//
// waiting -> connecting -> preparing -> ready -> (lost) waiting -> ... until stop. It reports to its pool,
// which owns it and says when it may connect. What results mean is the pipeline's business; this is when to
// read, write and reconnect.
#pragma once

#include "common/event_loop.hpp"
#include "common/metrics.hpp"
#include "ingest/postgres/link.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "ingest/postgres/request.hpp"

#include <boost/system/error_code.hpp>
#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace beastmark::postgres {

class pool;
class row_arrays;
struct pool_metrics;
struct pool_options;

class connection final : event_loop::listener {
public:
    connection(event_loop& loop, pool& owner, std::size_t index, const pool_options& options,
               pool_metrics& metrics);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// From now on it waits to be connected.
    void start();

    [[nodiscard]] bool waiting() const noexcept { return state_ == state::waiting; }

    /// One attempt; how it ended is reported, a failure perhaps from within. Precondition: waiting.
    void connect();

    /// Hands the rows to libpq, as one statement. False: nothing was sent, another connection may take them;
    /// this one will be lost soon, not from within this call, and is reported closed. They stay in the list.
    /// Precondition: reported with a load below what is allowed; one row, or no more than the options say.
    /// @param arrays where to make the parameters of many.
    bool send(request_list& rows, row_arrays& arrays, std::chrono::steady_clock::time_point now);

    void tick(std::chrono::steady_clock::time_point now);

    /// Takes no more statements; closed when those in flight are answered, and to be connected again then.
    /// Precondition: ready.
    void retire() noexcept;

    /// Fails what is in flight and closes; does not come back.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    enum class state { stopped, waiting, connecting, preparing, ready };
    enum class shown { connecting, idle, used }; // what the metrics show it as

    void ready(std::uint32_t events) override;
    void go_on_connecting();
    void readable();
    void take_results();
    bool take_prepared(const PGresult* result);
    bool take(const PGresult* result);
    bool take_rows(const PGresult* result);
    bool take_error(const PGresult* result);
    bool complete();
    void lose(std::string_view reason);
    void give_up();
    void close();
    void fail_in_flight();
    void tell_decided();
    void report();
    void show(shown now);
    [[nodiscard]] gauge& gauge_of(shown which) noexcept;
    static void take_notice(void* self, const PGresult* notice) noexcept;

    pool& owner_;
    const std::size_t index_;
    const pool_options& options_;
    pool_metrics& metrics_;
    link link_;
    timer broken_timer_; // a send failed: loses the link when no caller is above
    pipeline pipeline_;
    const std::string server_side_limit_; // SQL
    state state_ = state::stopped;
    shown shown_ = shown::connecting;
    bool was_ready_ = false; // ever: the next time is a reconnect
    bool broken_ = false;    // a send failed
    bool retired_ = false;   // given up when it is idle
    clock::time_point attempt_deadline_;
    bool replied_since_tick_ = false; // a statement was decided
    clock::time_point last_reply_;    // to the precision of tick
    std::string session_error_;       // why the server ends the session, which it says before the link fails
};

} // namespace beastmark::postgres
