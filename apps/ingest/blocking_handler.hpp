// POST /api/devices with libraries that wait: PostgreSQL by libpqxx, Memcached by libmemcached, on worker
// threads of each core, as most services have it. What asynchrony buys shows beside async_handler, which
// keeps the same contract.
#pragma once

#include "common/event_loop.hpp"
#include "device/uuid.hpp"
#include "ingest/blocking/worker.hpp"
#include "ingest/driver_options.hpp"
#include "ingest/ingest_metrics.hpp"
#include "server/handler.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace beastmark::ingest {

/// The workers know nothing of requests: on the core's thread alone they are answered, in time also when a
/// worker still waits.
class blocking_handler final : public server::handler {
public:
    /// Starts the workers, which connect. @param metrics outlives the handler.
    /// Throws std::runtime_error when the system gives no more threads.
    blocking_handler(event_loop& loop, const driver_options& options, backend_metrics& metrics);
    ~blocking_handler() override;

    void handle(server::exchange& request) override;
    void tick(std::chrono::steady_clock::time_point now) override;

    /// A worker is connected and not stuck in a statement that has timed out.
    [[nodiscard]] bool ready() const override;

    /// Takes as long as an attempt to connect under way, or a cache set.
    void stop() override;

private:
    struct operation : insertion_job, boost::intrusive::list_base_hook<> {
        /// The core's alone. Null: answered because it took too long, and a worker is still at it.
        server::exchange* exchange = nullptr;
    };

    using operation_list = boost::intrusive::list<operation, boost::intrusive::constant_time_size<false>>;

    void start_workers(std::size_t core);
    operation& borrow(server::exchange& request);
    void collect();
    void expire(std::chrono::steady_clock::time_point now);
    void fail_waiting();
    void complete(operation& done);
    bool drop_abandoned(operation& late);
    void fail(operation& failed, postgres::errc error);
    void abandon(operation& late, std::chrono::steady_clock::time_point now);
    void show_links();

    const postgres::pool_options postgres_;
    const memcached::client_options memcached_;
    connection_shortage* const shortage_;
    backend_metrics& metrics_;
    link_log database_log_;
    link_log cache_log_;
    job_queue jobs_;
    connect_turns turns_;
    device::uuid_source uuids_;
    std::vector<std::unique_ptr<operation>> operations_; // all that were ever in progress at once
    std::vector<operation*> free_;
    operation_list unanswered_; // in the order in which they came
    std::size_t abandoned_ = 0; // those without an exchange
    std::vector<job*> done_;
    std::vector<std::unique_ptr<worker>> workers_;
};

} // namespace beastmark::ingest
