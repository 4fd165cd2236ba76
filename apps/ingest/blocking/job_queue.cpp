#include "ingest/blocking/job_queue.hpp"

#include <utility>

namespace beastmark::ingest {

job_queue::job_queue(std::size_t max_queued, std::function<void()> wake)
    : max_queued_(max_queued), wake_(std::move(wake)) {}

std::size_t job_queue::workers_up() const {
    const std::lock_guard lock(mutex_);
    return workers_up_;
}

std::size_t job_queue::size() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

std::optional<postgres::errc> job_queue::submit(job& j, std::size_t stuck) {
    {
        const std::lock_guard lock(mutex_);
        if (stopped_ || workers_up_ <= stuck)
            return postgres::errc::unavailable;
        if (waiting_.size() >= max_queued_)
            return postgres::errc::overloaded;
        waiting_.push_back(j);
    }
    job_waits_.notify_one();
    return std::nullopt;
}

job* job_queue::withdraw(clock::time_point time) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || waiting_.front().submitted > time)
        return nullptr;
    job& oldest = waiting_.front();
    waiting_.pop_front();
    return &oldest;
}

void job_queue::collect(std::vector<job*>& into) {
    into.clear();
    const std::lock_guard lock(mutex_);
    into.swap(done_);
}

void job_queue::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    job_waits_.notify_all();
}

void job_queue::worker_is_up() {
    const std::lock_guard lock(mutex_);
    ++workers_up_;
}

void job_queue::worker_is_down() {
    bool last = false;
    {
        const std::lock_guard lock(mutex_);
        last = --workers_up_ == 0;
    }
    if (last)
        wake_();
}

job* job_queue::take(clock::duration at_most) {
    std::unique_lock lock(mutex_);
    if (!job_waits_.wait_for(lock, at_most, [this] { return stopped_ || !waiting_.empty(); }) || stopped_)
        return nullptr;
    job& oldest = waiting_.front();
    waiting_.pop_front();
    oldest.taken = clock::now();
    return &oldest;
}

void job_queue::give_back(job& j) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_front(j);
    }
    job_waits_.notify_one();
}

// The core is woken once for all that it has not collected yet.
void job_queue::done(job& j) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = done_.empty();
        done_.push_back(&j);
    }
    if (first)
        wake_();
}

bool job_queue::is_stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

} // namespace beastmark::ingest
