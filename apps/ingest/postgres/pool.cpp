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
    options.group_rows = options.groups() ? std::max<std::size_t>(options.group_rows, 1) : 1;
    options.group_depth = std::max<std::size_t>(options.group_depth, 1);
    if (options.hard_limit.count() == 0)
        options.hard_limit = 2 * options.timeout;
    if (options.max_wait.count() == 0)
        options.max_wait = options.timeout;
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
      connect_timer_(loop, [this] { connect_more(); }),
      queue_(options_.group_rows, options_.group_wait),
      arrays_(options_.group_rows),
      called_before_wait_(std::make_shared<pool*>(this)) {
    connections_.reserve(options_.connections);
    for (std::size_t i = 0; i < options_.connections; ++i)
        connections_.push_back(std::make_unique<connection>(loop, *this, i, options_, metrics));
    if (!options_.groups())
        return;
    loop.before_wait([called = called_before_wait_] {
        if (*called != nullptr)
            (*called)->send_queued();
    });
    if (options_.group_wait.count() > 0)
        group_timer_.emplace(loop, alarm_);
}

pool::~pool() {
    *called_before_wait_ = nullptr;
}

void pool::start() {
    for (auto& c : connections_)
        c->start();
    connect_more();
}

// Called by timer and tick alone once it has started: no attempt begins, and may fail, within a call from a
// connection.
void pool::connect_more() {
    const auto now = clock::now();
    for (auto& c : connections_) {
        if (!pacing_.may_begin(now))
            return;
        if (c->waiting()) {
            pacing_.began(now);
            c->connect();
        }
    }
}

// What is left takes the statements: not the last one, nor one beside others that take none.
void pool::share_places(clock::time_point now) {
    if (ready_ > 1 && pacing_.answer_wanted(now)) {
        const auto least = std::ranges::min_element(loads_);
        connections_[static_cast<std::size_t>(least - loads_.begin())]->retire();
    }
}

void pool::submit(request& r) {
    r.submitted = clock::now();
    r.alone = false;
    if (!options_.groups() && queue_.empty()) {
        request_list row;
        row.push_back(r);
        const bool sent = dispatch(row, r.submitted);
        row.clear();
        if (sent)
            return;
    }
    if (!ready())
        return finish(r, errc::unavailable);
    if (queue_.size() >= options_.max_queued)
        return finish(r, errc::overloaded);
    queue_.push(r);
    show_queued();
    if (options_.groups() && queue_.full())
        send_queued();
}

bool pool::dispatch(request_list& rows, clock::time_point now) {
    const bool in_group = options_.groups() && !rows.front().alone;
    const auto depth = in_group ? options_.group_depth : options_.depth;
    while (ready()) {
        const auto least = std::ranges::min_element(loads_);
        if (*least >= depth)
            return false;
        // A connection that cannot send reports itself closed; the next best is tried.
        if (connections_[static_cast<std::size_t>(least - loads_.begin())]->send(rows, arrays_, now)) {
            count_sent(rows, now);
            return true;
        }
    }
    return false;
}

void pool::count_sent(request_list& rows, clock::time_point now) noexcept {
    for (const request& r : rows)
        if (!r.alone) // else it was counted the first time
            metrics_.wait_time.record(now - r.submitted);
    if (options_.groups())
        metrics_.group_rows.record(rows.size());
}

void pool::send_queued() {
    if (queue_.empty())
        return;
    const auto now = clock::now();
    bool sent = true;
    while (sent && !queue_.empty() && queue_.due(now)) {
        request_list rows;
        queue_.take(rows);
        sent = dispatch(rows, now);
        if (sent)
            rows.clear();
        else
            queue_.put_back(rows);
    }
    show_queued();
    if (sent && !queue_.empty() && group_timer_)
        set_group_timer(queue_.due_at());
}

// Once for each row that is the oldest, not each turn.
void pool::set_group_timer(clock::time_point t) noexcept {
    if (std::exchange(group_timer_set_to_, t) != t)
        group_timer_->set(t);
}

void pool::show_queued() noexcept {
    metrics_.queued.set(static_cast<std::int64_t>(queue_.size()));
}

void pool::finish(request& r, boost::system::error_code error) noexcept {
    metrics_.record(error, clock::now() - r.submitted);
    r.done(r, error);
}

// Its deadline stays; as it is not stored, it is no unknown outcome if that passes before it is sent.
void pool::try_alone(request& r) noexcept {
    if (!ready())
        return finish(r, errc::unavailable);
    queue_.push(r);
    show_queued();
}

void pool::finish_all(request_list& those, errc reason) noexcept {
    while (!those.empty()) {
        request& r = those.front();
        those.pop_front();
        finish(r, reason);
    }
}

void pool::fail_queued(errc reason) {
    // Only those that wait now: a caller may submit again from `done`.
    request_list those;
    queue_.take_all(those);
    show_queued();
    finish_all(those, reason);
}

void pool::tick(clock::time_point now) {
    request_list late;
    queue_.expire(now - options_.longest_wait(), now - options_.timeout, late);
    show_queued();
    finish_all(late, errc::overloaded);
    share_places(now);
    for (auto& c : connections_)
        c->tick(now);
    if (!ready())
        fail_queued(errc::unavailable);
    connect_more(); // beside an attempt that stays silent
}

void pool::stop() {
    connect_timer_.cancel();
    for (auto& c : connections_)
        c->stop();
    fail_queued(errc::unavailable);
}

// --- what the connections report

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

void pool::connection_given_up() {
    pacing_.gave_up(clock::now());
    connect_timer_.set(pacing_.not_before());
    log_.lost(true, ingest::given_up_reason);
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
