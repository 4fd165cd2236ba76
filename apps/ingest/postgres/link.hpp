// libpq's handle of one connection, and its socket on the event loop: when bytes come and go. What they mean
// is the connection's business.
#pragma once

#include "common/event_loop.hpp"
#include "ingest/postgres/request.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>

namespace beastmark::postgres {

class row_arrays;
struct pool_options;

/// Closed, or from open() to close() at work. Belongs to the loop's thread. What returns false has failed for
/// good: last_error() says why, and close() is next.
class link {
public:
    /// @param hears of the socket's events, level-triggered.
    link(event_loop& loop, event_loop::listener& hears) : loop_(loop), hears_(hears) {}

    ~link() { close(); }

    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Begins an attempt to connect. @param receiver hears what the server says beside results.
    bool open(const std::string& conninfo, PQnoticeReceiver receiver, void* argument);

    /// Goes on with it. PGRES_POLLING_OK: connected, in pipeline mode from here on.
    PostgresPollingStatusType connect();

    /// Sends what makes a session ready, closed by one Sync: the server's limit, and the statements.
    /// @param limit SQL
    bool prepare(const pool_options& options, const std::string& limit);

    // The prepared statements; sync() follows.
    [[nodiscard]] bool send(const request& row);
    [[nodiscard]] bool send(const row_arrays& rows);

    [[nodiscard]] bool sync() { return PQpipelineSync(pg_.get()) == 1; }

    /// Takes in what has come.
    bool receive() { return PQconsumeInput(pg_.get()) == 1; }

    /// TLS decrypts a record at a time, and libpq takes of it what its buffer has room for: what is left then
    /// the socket does not tell of. (libpq looks there only where it waits itself.)
    [[nodiscard]] bool decrypted_waits() const;

    /// Without a whole result at hand. Reads what the server says to an idle session, too.
    [[nodiscard]] bool busy() const { return PQisBusy(pg_.get()) != 0; }

    struct clear_result {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };

    using result_ptr = std::unique_ptr<PGresult, clear_result>;

    /// The next one; precondition: not busy.
    [[nodiscard]] result_ptr next_result() { return result_ptr(PQgetResult(pg_.get())); }

    /// Sends what waits to be sent. A write that fails shows when reading.
    void flush();

    void close();

    /// Counts the sockets watched: whoever calls out and finds another number then has lost its link.
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

    /// One line.
    [[nodiscard]] std::string last_error() const;

    /// The attempt has failed because the server has no room for another connection.
    [[nodiscard]] bool refused_for_room() const;

private:
    struct finish_connection {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };

    bool watch_socket(std::uint32_t events);
    void watch_for(std::uint32_t events) noexcept;
    void close_descriptor();

    event_loop& loop_;
    event_loop::listener& hears_;
    std::unique_ptr<PGconn, finish_connection> pg_;
    // A copy of libpq's descriptor: libpq closes its own when it likes, and the number may be a stranger's
    // then.
    int descriptor_ = -1;
    event_loop::watch watch_ = 0;
    std::uint32_t watched_for_ = 0; // the events
    std::uint64_t generation_ = 0;
    std::string error_; // of what is not libpq's
};

} // namespace beastmark::postgres
