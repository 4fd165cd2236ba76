#include "ingest/postgres/pool.hpp"

#include "ingest/postgres/connection.hpp"
#include "ingest/postgres/conninfo.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

namespace beastmark::postgres {

pool_options checked(pool_options options) {
    completed_conninfo(options.conninfo); // throws when it is none
    options.connections = std::max<std::size_t>(options.connections, 1);
    options.depth = std::max<std::size_t>(options.depth, 1);
    if (options.hard_limit.count() == 0)
        options.hard_limit = 2 * options.timeout;
    return options;
}

std::string server_side_limit(const pool_options& options) {
    const auto limit =
        std::chrono::ceil<std::chrono::milliseconds>((options.timeout + options.hard_limit) / 2);
    return "set statement_timeout = " + std::to_string(std::max<std::int64_t>(limit.count(), 1));
}

pool::pool(event_loop& loop, const pool_options& options, pool_metrics& metrics)
    : options_(checked(options)),
      metrics_(metrics),
      log_(options_.name, "the database", options_.connections),
      loads_(options_.connections, closed),
      pacing_(options_.pacing, std::random_device()()),
      connect_timer_(loop, [this] { connect_more(); }) {
    connections_.reserve(options_.connections);
    for (std::size_t i = 0; i < options_.connections; ++i)
        connections_.push_back(std::make_unique<connection>(loop, *this, i, options_, metrics));
}

pool::~pool() = default;

void pool::start() {
    for (auto& c : connections_)
        c->start();
    connect_more();
}

// Called by the timer alone once it has started: no attempt begins, and may fail, within a call from a
// connection.
void pool::connect_more() {
    const auto now = clock::now();
    for (auto& c : connections_) {
        if (!pacing_.may_begin(now))
            return;
        if (c->waiting()) {
            pacing_.began();
            c->connect();
        }
    }
}

void pool::submit(request& r) {
    r.submitted = clock::now();
    if (queue_.empty() && dispatch(r, r.submitted))
        return;
    if (!ready())
        return finish(r, errc::unavailable);
    if (queue_.size() >= options_.max_queued)
        return finish(r, errc::overloaded);
    queue_.push_back(r);
    metrics_.queued.add(1);
}

bool pool::dispatch(request& r, clock::time_point now) {
    while (ready()) {
        const auto least = std::ranges::min_element(loads_);
        if (*least >= options_.depth)
            return false;
        // A connection that cannot send reports itself closed; the next best is tried.
        if (connections_[static_cast<std::size_t>(least - loads_.begin())]->send(r, now)) {
            metrics_.wait_time.record(now - r.submitted);
            return true;
        }
    }
    return false;
}

void pool::send_queued() {
    if (queue_.empty())
        return;
    const auto now = clock::now();
    while (!queue_.empty()) {
        request& r = pop_queued();
        if (!dispatch(r, now)) {
            queue_.push_front(r);
            metrics_.queued.add(1);
            return;
        }
    }
}

request& pool::pop_queued() noexcept {
    request& r = queue_.front();
    queue_.pop_front();
    metrics_.queued.add(-1);
    return r;
}

void pool::finish(request& r, boost::system::error_code error) noexcept {
    metrics_.record(error, clock::now() - r.submitted);
    r.done(r, error);
}

void pool::fail_queued(errc reason) {
    // Only those that wait now: a caller may submit again from `done`.
    for (auto n = queue_.size(); n > 0 && !queue_.empty(); --n)
        finish(pop_queued(), reason);
}

void pool::tick(clock::time_point now) {
    while (!queue_.empty() && queue_.front().submitted + options_.timeout <= now)
        finish(pop_queued(), errc::overloaded);
    for (auto& c : connections_)
        c->tick(now);
    if (!ready())
        fail_queued(errc::unavailable);
}

void pool::stop() {
    connect_timer_.cancel();
    for (auto& c : connections_)
        c->stop();
    fail_queued(errc::unavailable);
}

// --- what the connections report
// ----------------------------------------------------------------------------------

void pool::load_changed(std::size_t index, std::uint32_t load) noexcept {
    const auto before = std::exchange(loads_[index], load);
    if (before == closed && load != closed)
        ++ready_;
    else if (before != closed && load == closed)
        --ready_;
}

void pool::connection_ready(bool again) {
    if (again)
        metrics_.reconnects.add();
    const auto now = clock::now();
    pacing_.succeeded(now);
    connect_timer_.set(std::max(now, pacing_.not_before()));
    log_.up(again);
    send_queued();
}

void pool::connection_lost(std::string_view reason) {
    pacing_.lost(clock::now());
    connect_timer_.set(pacing_.not_before());
    log_.lost(true, reason);
    if (!ready())
        fail_queued(errc::unavailable);
}

void pool::attempt_failed(bool full, std::string_view reason) {
    if (full)
        metrics_.refused.add();
    pacing_.failed(clock::now(), full);
    connect_timer_.set(pacing_.not_before());
    // Of a pool that is only smaller than asked for another tells, with the numbers of all cores.
    if (!full || pacing_.connected() == 0)
        log_.lost(false, reason);
}

void pool::statement_refused(std::string_view sqlstate, std::string_view message) {
    log_.refused(sqlstate, message);
}

} // namespace beastmark::postgres
