#include "ingest/postgres/connection.hpp"

#include "ingest/postgres/pool.hpp"
#include "ingest/postgres/result.hpp"
#include "ingest/postgres/row_arrays.hpp"

#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace beastmark::postgres {
namespace {

constexpr const char* statement_name = "beastmark";
constexpr const char* group_statement_name = "beastmark_group";
constexpr int binary_format = 1;
// In a verbose message, behind the severity, which the server translates.
constexpr std::string_view too_many_connections = ":  53300: ";

} // namespace

connection::connection(event_loop& loop, pool& owner, std::size_t index, const pool_options& options,
                       pool_metrics& metrics)
    : owner_(owner),
      index_(index),
      options_(options),
      metrics_(metrics),
      loop_(loop),
      broken_timer_(loop, [this] { lose(last_error()); }),
      pipeline_(std::max(options.depth, options.group_depth), options.group_rows),
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
    // The string stands in for a database name (expand_dbname), so that a name for this program can be beside
    // it.
    static constexpr std::array<const char*, 3> keywords{"fallback_application_name", "dbname", nullptr};
    const std::array<const char*, 3> values{"beastmark-ingest", options_.conninfo.c_str(), nullptr};
    pg_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (pg_ == nullptr)
        return lose("out of memory");
    PQsetNoticeReceiver(pg_.get(), &connection::take_notice, this);
    PQsetErrorVerbosity(pg_.get(), PQERRORS_VERBOSE); // the one way to an SQLSTATE while it connects
    if (PQstatus(pg_.get()) == CONNECTION_BAD)
        return lose(last_error());
    watch_socket(EPOLLOUT); // what PQconnectPoll would ask for first
}

void connection::poll_connect() {
    auto wanted = PQconnectPoll(pg_.get());
    while (wanted == PGRES_POLLING_READING && decrypted_waits())
        wanted = PQconnectPoll(pg_.get());
    if (wanted == PGRES_POLLING_FAILED)
        return lose(last_error());
    // It may be another socket now, also of the same number: next address, or TLS refused and tried without.
    const bool reading = wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_OK;
    if (watch_socket(reading ? EPOLLIN : EPOLLOUT) && wanted == PGRES_POLLING_OK)
        prepare();
}

void connection::prepare() {
    state_ = state::preparing;
    PGconn* const pg = pg_.get();
    if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1 ||
        PQsendQueryParams(pg, server_side_limit_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1 ||
        PQsendPrepare(pg, statement_name, options_.statement.c_str(), 0, nullptr) != 1 ||
        (options_.groups() &&
         PQsendPrepare(pg, group_statement_name, options_.group_statement.c_str(), 0, nullptr) != 1) ||
        PQpipelineSync(pg) != 1)
        return lose(last_error());
    flush();
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

// Level-triggered: libpq reads once, not to the end of what has come.
bool connection::watch_socket(std::uint32_t events) {
    close_descriptor();
    const int copy = ::fcntl(PQsocket(pg_.get()), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        lose("cannot duplicate the socket's descriptor (limit reached?)");
        return false;
    }
    const auto watched = loop_.add(copy, events, *this, event_loop::trigger::level);
    if (!watched) {
        const auto why = error_code(errno, boost::system::system_category()).message();
        ::close(copy);
        lose(why);
        return false;
    }
    descriptor_ = copy;
    watch_ = *watched;
    watched_for_ = events;
    return true;
}

// --- reading and writing

void connection::watch_for(std::uint32_t events) noexcept {
    if (std::exchange(watched_for_, events) != events)
        loop_.change(watch_, descriptor_, events);
}

void connection::ready(std::uint32_t events) {
    if (state_ == state::connecting)
        poll_connect();
    else if ((events & ~EPOLLOUT) != 0) // an end too: reading tells what it is
        readable();
    else
        flush();
}

void connection::readable() {
    const auto generation = generation_;
    do {
        if (PQconsumeInput(pg_.get()) != 1)
            return lose(last_error());
        take_results();
        if (generation != generation_)
            return; // lost or stopped on the way
    } while (decrypted_waits());
    flush(); // libpq asks for it after each read: the server may take more now
}

// TLS decrypts a record at a time, and libpq takes of it what its buffer has room for: what is left then the
// socket does not tell of. (libpq looks there only where it waits itself.)
bool connection::decrypted_waits() const {
    const auto* const tls = static_cast<const SSL*>(PQsslStruct(pg_.get(), "OpenSSL"));
    return tls != nullptr && SSL_pending(tls) > 0;
}

// While a completion runs, the caller's code may submit to this very connection, or stop the pool.
void connection::take_results() {
    const auto generation = generation_;
    PGconn* const pg = pg_.get();
    // PQisBusy first: it reads what the server says to an idle connection too (why it closes it).
    while (!broken_ && PQisBusy(pg) == 0 && (state_ == state::preparing || !pipeline_.empty())) {
        const result_ptr result(PQgetResult(pg));
        const bool in_step = state_ == state::preparing ? take_prepared(result.get()) : take(result.get());
        if (generation != generation_)
            return;
        if (!in_step)
            return lose(last_error());
    }
    if (broken_)
        lose(last_error());
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
    const bool sent = many ? hand_over(arrays) : hand_over(rows.front());
    if (sent && many)
        pipeline_.sent(rows, now);
    else if (sent)
        pipeline_.sent(rows.front(), now);
    // From here on the statement may reach the server. A failed write shows when reading.
    if (!sent || PQpipelineSync(pg_.get()) != 1) {
        broken_ = true;
        broken_timer_.set(now);
    } else {
        flush();
    }
    report();
    return sent;
}

bool connection::hand_over(const request& row) {
    return PQsendQueryPrepared(pg_.get(), statement_name, static_cast<int>(row.values.size()),
                               row.values.data(), nullptr, nullptr, binary_format) == 1;
}

bool connection::hand_over(const row_arrays& rows) {
    static constexpr std::array<int, row_arrays::columns> formats{binary_format, binary_format, binary_format,
                                                                  binary_format};
    const auto lengths = rows.lengths();
    return PQsendQueryPrepared(pg_.get(), group_statement_name, static_cast<int>(formats.size()),
                               rows.values().data(), lengths.data(), formats.data(), binary_format) == 1;
}

void connection::flush() {
    watch_for(PQflush(pg_.get()) == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
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
    const bool full = !was_up && refused_for_room();
    state_ = state::waiting;
    close();
    report();
    if (was_up)
        owner_.connection_lost(why);
    else
        owner_.attempt_failed(full, why);
    fail_in_flight();
}

void connection::close_descriptor() {
    ++generation_;
    if (descriptor_ < 0)
        return;
    loop_.remove(watch_, descriptor_);
    ::close(descriptor_);
    descriptor_ = -1;
}

void connection::close() {
    close_descriptor(); // before libpq closes its own: the number may be another's at once
    pg_.reset();
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

std::string connection::last_error() const {
    const char* const text = PQerrorMessage(pg_.get());
    return text == nullptr || *text == '\0' ? "out of step with the server" : first_line(text);
}

// What libpq tells of a failed attempt has lines for each address it tried.
bool connection::refused_for_room() const {
    const char* const text = PQerrorMessage(pg_.get());
    return text != nullptr && std::string_view(text).find(too_many_connections) != std::string_view::npos;
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
