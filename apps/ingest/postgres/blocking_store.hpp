// One connection to PostgreSQL through libpqxx, as most services have it: each call waits for its answer.
//
// For one thread, which may wait long; cut() and cut_older_than() are for others, to end its waiting.
#pragma once

#include "ingest/postgres/error.hpp"
#include "ingest/postgres/lifeline.hpp"
#include "ingest/postgres/pool.hpp"

#include <boost/system/error_code.hpp>
#include <pqxx/pqxx>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace beastmark::postgres {

class blocking_store {
public:
    /// @param options checked(); of them it heeds conninfo, statement, the time limits.
    explicit blocking_store(const pool_options& options);

    /// Connects, logs in, limits the server's patience and prepares the statement: takes the connect timeout
    /// at most, longer when a host name has several addresses or is slow to be found. False: see reason().
    bool connect();

    /// The last attempt failed because the server has no room for another connection. Known by its English
    /// words: while it connects libpqxx tells no SQLSTATE. In another language it is a failure like others.
    [[nodiscard]] bool found_no_room() const { return found_no_room_; }

    [[nodiscard]] bool is_connected() const { return connection_ != nullptr; }

    /// Reads what the server says to an idle session, by which it may end it. False: the connection is gone,
    /// see reason().
    bool is_alive();

    /// One transaction, one round trip. After outcome_unknown the connection is gone; reason() says why, also
    /// when refused.
    /// @param id set when the row is committed, which is when there is no error.
    boost::system::error_code insert(const std::array<const char*, 4>& values, std::int64_t& id);

    /// For the log: one line.
    [[nodiscard]] const std::string& reason() const { return reason_; }

    /// Of the last refusal.
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

    void close();

    // From any thread:

    /// Ends a call to the server that began before `limit`.
    void cut_older_than(std::chrono::steady_clock::time_point limit) { lifeline_.cut_older_than(limit); }

    /// Ends the call under way and each later one, but not an attempt to connect, which has its timeout.
    void cut() { lifeline_.cut(); }

private:
    void prepare();
    bool lose(const std::string& reason);

    const std::string conninfo_;
    const std::string statement_;
    const std::string server_side_limit_; // SQL
    std::unique_ptr<pqxx::connection> connection_;
    lifeline lifeline_;
    std::string reason_;
    bool found_no_room_ = false;
    std::string sqlstate_;
};

} // namespace beastmark::postgres
