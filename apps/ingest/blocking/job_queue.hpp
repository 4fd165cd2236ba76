// Between a core and its worker threads: jobs one way, jobs done the other, both under one lock.
#pragma once

#include "ingest/postgres/error.hpp"

#include <boost/intrusive/slist.hpp>
#include <boost/intrusive/slist_hook.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace beastmark::ingest {

/// Owned by the core and left where it is; a worker's from take() to done().
struct job : boost::intrusive::slist_base_hook<> {
    std::chrono::steady_clock::time_point submitted; ///< set before submit()
    std::chrono::steady_clock::time_point taken;     ///< set by take()
};

class job_queue {
public:
    using clock = std::chrono::steady_clock;

    /// @param max_queued jobs that may wait for a worker.
    /// @param wake called by a worker when the core has something to look after: a job is done, or no worker
    /// is left to take those that wait.
    job_queue(std::size_t max_queued, std::function<void()> wake);

    // The core's:

    /// Workers that can take a job, or are at one.
    [[nodiscard]] std::size_t workers_up() const;

    /// Jobs that wait for a worker.
    [[nodiscard]] std::size_t size() const;

    /// @param stuck so many of the workers that are up are at a job that may never end.
    /// @return why it is not taken (unavailable: stopped, or no worker is left; overloaded: the queue is
    /// full), or nothing.
    std::optional<postgres::errc> submit(job& j, std::size_t stuck);

    /// A job that waits and was submitted at `time` or before, or null: it is the caller's again.
    job* withdraw(clock::time_point time = clock::time_point::max());

    /// Replaces `into` by the jobs done since the last call.
    void collect(std::vector<job*>& into);

    /// Ends all waiting, for good.
    void stop();

    // A worker's:

    /// It can take jobs from now on, or no longer.
    void worker_is_up();
    void worker_is_down();

    /// Waits for a job. Null: none within `at_most`, or stopped.
    job* take(clock::duration at_most);

    /// Could not be started: the next worker may have it.
    void give_back(job& j);

    void done(job& j);

    [[nodiscard]] bool is_stopped() const;

private:
    using waiting_jobs = boost::intrusive::slist<job, boost::intrusive::cache_last<true>,
                                                 boost::intrusive::constant_time_size<true>>;

    const std::size_t max_queued_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::condition_variable job_waits_;
    waiting_jobs waiting_;
    std::vector<job*> done_;
    std::size_t workers_up_ = 0;
    bool stopped_ = false;
};

} // namespace beastmark::ingest
