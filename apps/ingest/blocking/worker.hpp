// A thread with a connection to PostgreSQL and one to memcached of its own: takes a job, inserts, sets, waits
// for each answer, takes the next.
#pragma once

#include "common/metrics.hpp"
#include "ingest/blocking/connect_turns.hpp"
#include "ingest/blocking/job_queue.hpp"
#include "ingest/device_insertion.hpp"
#include "ingest/link_log.hpp"
#include "ingest/memcached/blocking_cache.hpp"
#include "ingest/postgres/blocking_store.hpp"

#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace beastmark::ingest {

/// What a worker does for one request. It is the worker's until it is done, but for `committed`, by which the
/// core may see how far it is.
struct insertion_job : job {
    device_insertion device;
    std::chrono::steady_clock::time_point deadline; ///< later it is not begun

    boost::system::error_code insert_error;
    std::chrono::steady_clock::time_point inserted; ///< the insert has ended so or so
    /// The row is there: insert_error, inserted and device.json() are final.
    std::atomic<bool> committed{false};
    boost::system::error_code cache_error; ///< when committed
    std::chrono::steady_clock::time_point cached;
};

/// What the workers of a core share. Outlives them.
struct worker_environment {
    job_queue& jobs;
    connect_turns& turns;
    link_log& database_log;
    link_log& cache_log;
    const postgres::pool_options& postgres;
    const memcached::client_options& memcached;
};

class worker {
public:
    enum class link_state : std::uint8_t { connecting, idle, used };

    /// What it counts: one writer, the worker; read by its core.
    struct link {
        std::atomic<link_state> state{link_state::connecting};
        counter reconnects; // usable again after a loss
    };

    /// Starts the thread. Throws std::system_error when the system gives no more.
    worker(const worker_environment& shared, const std::string& thread_name, std::uint32_t seed);

    /// Precondition: queue and turns are stopped.
    ~worker() { join(); }

    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    // From its core's thread:

    [[nodiscard]] const link& database() const { return database_; }

    [[nodiscard]] const link& cache() const { return cache_; }

    /// A call to PostgreSQL that began before `limit` fails now.
    void cut_older_than(std::chrono::steady_clock::time_point limit) { store_.cut_older_than(limit); }

    /// The call to PostgreSQL under way fails now, and each later one.
    void cut() { store_.cut(); }

    /// Waits for its end; precondition: queue and turns are stopped.
    void join();

private:
    using clock = std::chrono::steady_clock;

    void run();
    bool connect();
    void lost();
    void give_up();
    void work_on(insertion_job& j);
    void insert(insertion_job& j);
    void set(insertion_job& j);

    worker_environment shared_;
    postgres::blocking_store store_;
    memcached::blocking_cache memcached_;
    link database_;
    link cache_;
    bool database_was_up_ = false; // ever
    bool cache_was_up_ = false;
    std::thread thread_; // last: it uses all of the above
};

} // namespace beastmark::ingest
