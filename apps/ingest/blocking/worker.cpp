#include "ingest/blocking/worker.hpp"

#include <utility>

#include <pthread.h>

namespace beastmark::ingest {

namespace {

// A worker without a job looks so often whether the server has closed its connection.
constexpr std::chrono::milliseconds between_looks{500};

} // namespace

worker::worker(const worker_environment& shared, const std::string& thread_name, std::uint32_t seed)
    : shared_(shared),
      store_(shared.postgres),
      memcached_(shared.memcached, seed),
      thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), thread_name.c_str());
}

void worker::join() {
    if (thread_.joinable())
        thread_.join();
}

void worker::run() {
    while (!shared_.jobs.is_stopped()) {
        if (!store_.is_connected() && !connect())
            continue;
        job* const next = shared_.jobs.take(between_looks);
        // Before a statement too: one that was never sent is 503, and may go to another worker.
        if (!store_.is_alive()) {
            if (next != nullptr)
                shared_.jobs.give_back(*next);
            lost();
        } else if (next != nullptr) {
            work_on(static_cast<insertion_job&>(*next));
        }
        if (store_.is_connected() && shared_.turns.give_place())
            give_up();
    }
    store_.close();
}

bool worker::connect() {
    if (!shared_.turns.await())
        return false;
    if (!store_.connect()) {
        // Of a pool that is only smaller than asked for another tells, with the numbers of all cores.
        const bool full = store_.found_no_room();
        if (shared_.turns.failed(full) || !full)
            shared_.database_log.lost(false, store_.reason());
        return false;
    }
    const bool again = std::exchange(database_was_up_, true);
    if (again)
        database_.reconnects.add();
    database_.state.store(link_state::idle, std::memory_order_relaxed);
    shared_.database_log.up(again);
    shared_.jobs.worker_is_up();
    shared_.turns.succeeded();
    return true;
}

void worker::lost() {
    database_.state.store(link_state::connecting, std::memory_order_relaxed);
    shared_.jobs.worker_is_down();
    shared_.turns.lost();
    if (!shared_.jobs.is_stopped()) // else it was cut: no news
        shared_.database_log.lost(true, store_.reason());
}

void worker::give_up() {
    store_.close();
    database_.state.store(link_state::connecting, std::memory_order_relaxed);
    shared_.jobs.worker_is_down();
    shared_.database_log.lost(true, given_up_reason);
}

void worker::work_on(insertion_job& j) {
    insert(j);
    if (j.committed.load(std::memory_order_relaxed))
        set(j);
    shared_.jobs.done(j); // from here on it is the core's
    if (store_.is_connected())
        database_.state.store(link_state::idle, std::memory_order_relaxed);
    else
        lost();
}

void worker::insert(insertion_job& j) {
    if (j.taken >= j.deadline) {
        j.insert_error = postgres::errc::overloaded;
        j.inserted = j.taken;
        return;
    }
    database_.state.store(link_state::used, std::memory_order_relaxed);
    std::int64_t id = 0;
    j.insert_error = store_.insert(j.device.values(), id);
    j.inserted = clock::now();
    if (j.insert_error == postgres::errc::refused)
        shared_.database_log.refused(store_.sqlstate(), store_.reason());
    if (j.insert_error)
        return;
    j.device.stored(id);
    j.committed.store(true, std::memory_order_release);
}

void worker::set(insertion_job& j) {
    const bool was_up = memcached_.is_connected();
    if (was_up)
        cache_.state.store(link_state::used, std::memory_order_relaxed);
    j.cache_error = memcached_.set(j.device.key(), j.device.json(), cache_ttl_s, j.deadline);
    j.cached = clock::now();
    const bool is_up = memcached_.is_connected();
    cache_.state.store(is_up ? link_state::idle : link_state::connecting, std::memory_order_relaxed);
    if (is_up && !was_up) {
        const bool again = std::exchange(cache_was_up_, true);
        if (again)
            cache_.reconnects.add();
        shared_.cache_log.up(again);
    } else if (!is_up) {
        shared_.cache_log.lost(was_up, memcached_.reason());
    }
}

} // namespace beastmark::ingest
