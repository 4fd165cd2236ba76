#include "ingest/postgres/connection.hpp"

#include "ingest/postgres/pool.hpp"
#include "ingest/postgres/result.hpp"
#include "ingest/postgres/row_arrays.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <sys/epoll.h>

namespace beastmark::postgres {

connection::connection(event_loop& loop, pool& owner, std::size_t index, const pool_options& options,
                       pool_metrics& metrics)
    : owner_(owner),
      index_(index),
      options_(options),
      metrics_(metrics),
      link_(loop, *this),
      broken_timer_(loop, [this] { lose(link_.last_error()); }),
      pipeline_(std::max(options.depth, options.group_depth)),
      server_side_limit_(server_side_limit(options)) {
    metrics_.connecting.add(1);
}

connection::~connection() {
    close();
}

void connection::start() {
    if (state_ == state::stopped)
        state_ = state::waiting;
}

void connection::stop() {
    state_ = state::stopped;
    close();
    report();
    fail_in_flight();
}

// --- connecting

void connection::connect() {
    state_ = state::connecting;
    attempt_deadline_ = clock::now() + options_.connect_timeout;
    session_error_.clear();
    if (!link_.open(options_.conninfo, &connection::take_notice, this))
        lose(link_.last_error());
}

void connection::go_on_connecting() {
    const auto wanted = link_.connect();
    if (wanted == PGRES_POLLING_FAILED)
        return lose(link_.last_error());
    if (wanted != PGRES_POLLING_OK)
        return;
    state_ = state::preparing;
    if (!link_.prepare(options_, server_side_limit_))
        lose(link_.last_error());
}

bool connection::take_prepared(const PGresult* result) {
    if (result == nullptr)
        return pipeline_.null();
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
        pipeline_.prepared();
        return true;
    case PGRES_PIPELINE_SYNC:
        state_ = state::ready;
        report();
        owner_.connection_ready(std::exchange(was_ready_, true));
        return true;
    default:
        session_error_ =
            preparation_failure(field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY));
        return false;
    }
}

// --- reading and writing

void connection::ready(std::uint32_t events) {
    if (state_ == state::connecting)
        go_on_connecting();
    else if ((events & ~EPOLLOUT) != 0) // an end too: reading tells what it is
        readable();
    else
        link_.flush();
}

void connection::readable() {
    const auto generation = link_.generation();
    do {
        if (!link_.receive())
            return lose(link_.last_error());
        take_results();
        if (generation != link_.generation())
            return; // lost or stopped on the way
    } while (link_.decrypted_waits());
    link_.flush(); // libpq asks for it after each read: the server may take more now
}

// While a completion runs, the caller's code may submit to this very connection, or stop the pool.
void connection::take_results() {
    const auto generation = link_.generation();
    while (!broken_ && !link_.busy() && (state_ == state::preparing || !pipeline_.empty())) {
        const auto result = link_.next_result();
        const bool in_step = state_ == state::preparing ? take_prepared(result.get()) : take(result.get());
        if (generation != link_.generation())
            return;
        if (!in_step)
            return lose(link_.last_error());
    }
    if (broken_)
        lose(link_.last_error());
}

bool connection::take(const PGresult* result) {
    if (result == nullptr)
        return pipeline_.null();
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
        return take_rows(result);
    case PGRES_COMMAND_OK:
        return pipeline_.no_row();
    case PGRES_FATAL_ERROR:
        return take_error(result);
    case PGRES_PIPELINE_SYNC:
        return complete();
    default:
        return false;
    }
}

bool connection::take_rows(const PGresult* result) {
    if (PQntuples(result) == 0)
        return pipeline_.no_row();
    if (!pipeline_.tells_keys()) {
        const auto id = integer_of(result);
        return id && pipeline_.row(*id);
    }
    for (int i = 0; i < PQntuples(result); ++i) {
        const auto row = keyed_row_of(result, i);
        if (!row || !pipeline_.row(row->key, row->id))
            return false;
    }
    return pipeline_.rows_end();
}

bool connection::take_error(const PGresult* result) {
    const bool last = ends_session(result);
    if (last)
        session_error_ = first_line(field(result, PG_DIAG_MESSAGE_PRIMARY));
    else
        owner_.statement_refused(field(result, PG_DIAG_SQLSTATE),
                                 first_line(field(result, PG_DIAG_MESSAGE_PRIMARY)));
    return pipeline_.error(field(result, PG_DIAG_SQLSTATE), last);
}

bool connection::complete() {
    if (!pipeline_.sync())
        return false;
    replied_since_tick_ = true;
    report();
    owner_.send_queued(); // before the caller's turn, so that what waited longest gets the free place
    tell_decided();
    return true;
}

void connection::tell_decided() {
    pipeline::completion completion;
    while (pipeline_.next(completion)) {
        if (completion.try_alone)
            owner_.try_alone(*completion.done);
        else
            owner_.finish(*completion.done, completion.error);
    }
}

bool connection::send(request_list& rows, row_arrays& arrays, clock::time_point now) {
    const bool many = rows.size() > 1;
    if (many)
        arrays.assign(rows);
    const bool sent = many ? link_.send(arrays) : link_.send(rows.front());
    if (sent && many)
        pipeline_.sent(rows, now);
    else if (sent)
        pipeline_.sent(rows.front(), now);
    // From here on the statement may reach the server. A failed write shows when reading.
    if (!sent || !link_.sync()) {
        broken_ = true;
        broken_timer_.set(now);
    } else {
        link_.flush();
    }
    report();
    return sent;
}

// --- time, loss and the end

void connection::tick(clock::time_point now) {
    if ((state_ == state::connecting || state_ == state::preparing) && now >= attempt_deadline_)
        return lose("no answer to the attempt to connect in time");
    if (state_ != state::ready)
        return;
    if (pipeline_.abandon_before(now - options_.timeout)) {
        report(); // takes no more until the reply is here
        tell_decided();
    }
    // The server begins a statement, and its own limit for it, when it is done with the one before.
    if (std::exchange(replied_since_tick_, false))
        last_reply_ = now;
    const auto limit = now - options_.hard_limit;
    if (state_ == state::ready && last_reply_ < limit && pipeline_.oldest_before(limit))
        lose("no reply to a statement in time");
    if (state_ == state::ready && retired_ && pipeline_.empty())
        give_up();
}

void connection::retire() noexcept {
    retired_ = true;
    report();
}

void connection::give_up() {
    state_ = state::waiting;
    close();
    report();
    owner_.connection_given_up();
}

void connection::lose(std::string_view reason) {
    const std::string why(session_error_.empty() ? reason : session_error_);
    const bool was_up = state_ == state::ready;
    const bool full = !was_up && link_.refused_for_room();
    state_ = state::waiting;
    close();
    report();
    if (was_up)
        owner_.connection_lost(why);
    else
        owner_.attempt_failed(full, why);
    fail_in_flight();
}

void connection::close() {
    link_.close();
    broken_timer_.cancel();
    broken_ = false;
    retired_ = false;
}

void connection::fail_in_flight() {
    pipeline_.fail();
    tell_decided();
}

void connection::report() {
    const bool up = state_ == state::ready;
    show(!up ? shown::connecting : pipeline_.empty() ? shown::idle : shown::used);
    const bool open = up && !broken_ && !retired_ && !pipeline_.stalled();
    owner_.load_changed(index_, open ? static_cast<std::uint32_t>(pipeline_.size()) : pool::closed);
}

void connection::show(shown now) {
    if (now == shown_)
        return;
    gauge_of(shown_).add(-1);
    gauge_of(now).add(1);
    shown_ = now;
}

gauge& connection::gauge_of(shown which) noexcept {
    switch (which) {
    case shown::idle:
        return metrics_.idle;
    case shown::used:
        return metrics_.used;
    default:
        return metrics_.connecting;
    }
}

void connection::take_notice(void* self, const PGresult* notice) noexcept {
    // A server that shuts down tells an idle connection so by a notice; what else it says is for debugging.
    auto& session_error = static_cast<connection*>(self)->session_error_;
    if (field(notice, PG_DIAG_SQLSTATE).starts_with("57P"))
        session_error = first_line(field(notice, PG_DIAG_MESSAGE_PRIMARY));
    else
        spdlog::debug("postgres: {}", first_line(field(notice, PG_DIAG_MESSAGE_PRIMARY)));
}

} // namespace beastmark::postgres
