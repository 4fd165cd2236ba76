// One link to PostgreSQL: libpq in non-blocking pipeline mode, driven by Asio.
//
// waiting -> connecting -> preparing -> ready -> (lost) waiting -> ... until stop. It reports to its pool,
// which owns it. What results mean is the pipeline's business; this is when to read, write and reconnect.
#pragma once

#include "common/metrics.hpp"
#include "ingest/backoff.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "ingest/postgres/request.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
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
struct pool_metrics;
struct pool_options;

class connection {
public:
    connection(boost::asio::io_context& context, pool& owner, std::size_t index, const pool_options& options,
               pool_metrics& metrics, std::uint32_t seed);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void start();

    /// Hands the statement to libpq. False: nothing was sent, another connection may take it; this one will
    /// be lost in the next turn of the loop and is reported closed. Precondition: reported with a load below
    /// depth.
    bool send(request& r, std::chrono::steady_clock::time_point now);

    void tick(std::chrono::steady_clock::time_point now);

    /// Fails what is in flight and closes; does not come back.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    using error_code = boost::system::error_code;
    using executor = boost::asio::io_context::executor_type;
    enum class state { stopped, waiting, connecting, preparing, ready };
    enum class shown { connecting, idle, used }; // what the metrics show it as

    struct finish_connection {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };

    struct clear_result {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };

    using result_ptr = std::unique_ptr<PGresult, clear_result>;

    void connect();
    void poll_connect();
    void prepare();
    bool watch_socket();
    void wait_readable();
    void wait_writable();
    void readable();
    void take_results();
    bool take_prepared(const PGresult* result);
    bool take(const PGresult* result);
    bool take_row(const PGresult* result);
    bool take_error(const PGresult* result);
    bool complete();
    void flush();
    void lose(std::string_view reason);
    void close_descriptor();
    void close();
    void fail_in_flight();
    void report();
    void show(shown now);
    [[nodiscard]] gauge& gauge_of(shown which) noexcept;
    [[nodiscard]] std::string last_error() const;
    static void take_notice(void* self, const PGresult* notice) noexcept;

    pool& owner_;
    const std::size_t index_;
    const pool_options& options_;
    pool_metrics& metrics_;
    std::unique_ptr<PGconn, finish_connection> pg_;
    // A copy of libpq's descriptor: libpq closes its own when it likes, and Asio would then work on a
    // stranger's.
    boost::asio::posix::basic_stream_descriptor<executor> descriptor_;
    boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, executor> timer_;
    ingest::backoff backoff_;
    pipeline pipeline_;
    const std::string server_side_limit_; // SQL
    state state_ = state::stopped;
    shown shown_ = shown::connecting;
    // Which descriptor or timer a handler was started for: one that comes late finds another number and does
    // nothing.
    std::uint64_t generation_ = 0;
    bool was_ready_ = false; // ever: the next time is a reconnect
    bool broken_ = false;    // a send failed; lost as soon as no caller is above
    bool awaits_writable_ = false;
    clock::time_point attempt_deadline_;
    std::string session_error_; // why the server ends the session, which it says before the link fails
};

} // namespace beastmark::postgres
