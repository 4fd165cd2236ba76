// What one PostgreSQL connection in pipeline mode has promised: the statements sent, in order, each closed by
// a Sync of its own and therefore a transaction of its own. A statement is of one row or of many. Sans-I/O:
// libpq's results and time in, completions out.
//
// What libpq delivers for one statement (seen with libpq 15):
//   stored                     TUPLES_OK, null, PIPELINE_SYNC
//   refused                    FATAL_ERROR with an SQLSTATE, null, PIPELINE_SYNC
//   refused at commit          TUPLES_OK, null, FATAL_ERROR with an SQLSTATE, null, PIPELINE_SYNC
//   backend terminated         FATAL_ERROR 57P01 of severity FATAL, null, then the connection fails; no sync
//   backend killed, link lost  the connection fails
// So nothing is decided before the sync, and only an error of severity ERROR is a refusal: FATAL ends the
// session and says nothing about a commit.
//
// What that means for the rows of a statement of many:
//   stored                     each row that came back is stored under the id that came with its key (the
//                              order means nothing); one that did not come back is refused, it alone
//   refused, also at commit    none is stored, and which one was to blame is not known: each is to be tried
//                              alone
//   a key that nobody sent     out of step: the outcome of all is unknown
#pragma once

#include "ingest/postgres/request.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace beastmark::postgres {

class pipeline {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What became of one request.
    struct completion {
        request* done = nullptr;
        boost::system::error_code error;
        /// It is definitely not stored, and may be sent once more, on its own.
        bool try_alone = false;
    };

    /// @param depth statements that may be in flight.
    explicit pipeline(std::size_t depth);

    [[nodiscard]] bool full() const noexcept { return size_ == slots_.size(); }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// Statements in flight.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// A request of the oldest statement has timed out and the reply has not come.
    [[nodiscard]] bool stalled() const noexcept;

    /// The oldest statement tells its rows by their keys.
    [[nodiscard]] bool tells_keys() const noexcept { return !empty() && front().has_keys; }

    /// The statement and its Sync have been handed to libpq. Precondition: not full.
    void sent(request& r, time_point now);
    /// The same for a statement of many rows. Precondition: not full; at least one. Allocates where there
    /// were never so many.
    void sent(request_list& rows, time_point now);

    // The results, in the order in which libpq gives them. False: it is no answer to what was sent, or the
    // connection is dying; it must be closed, and fail() decides what became of the statements.

    /// The row of a statement of one.
    [[nodiscard]] bool row(std::int64_t id) noexcept;
    /// A row of a statement of many; after the last one: rows_end().
    [[nodiscard]] bool row(const row_key& key, std::int64_t id) noexcept;
    [[nodiscard]] bool rows_end() noexcept;
    /// The statement was executed but gave no row.
    [[nodiscard]] bool no_row() noexcept;
    /// @param sqlstate empty when libpq made the error up itself
    /// @param ends_session the severity is FATAL or PANIC
    [[nodiscard]] bool error(std::string_view sqlstate, bool ends_session) noexcept;
    /// A null result: the end of one statement's results. libpq gives nothing else on some broken
    /// connections, without ever failing: several in a row are such a one.
    [[nodiscard]] bool null() noexcept;

    /// A result of what was not told by sent(): a statement was prepared.
    void prepared() noexcept { nulls_in_a_row_ = 0; }

    /// The oldest statement is decided, its place is free. Abandoned requests of it are dropped.
    [[nodiscard]] bool sync() noexcept;

    /// Decides each request submitted before `deadline`: timed_out. Its place is kept for its reply.
    /// @return whether there was one.
    bool abandon_before(time_point deadline) noexcept;
    /// The oldest statement, abandoned or not, was sent before `limit`.
    [[nodiscard]] bool oldest_before(time_point limit) const noexcept;

    /// The connection is gone: decides all that is left, by what is known of it; the pipeline is then as new.
    void fail() noexcept;

    /// What sync, abandon_before or fail have decided, in the order sent, each request once; false: no more.
    [[nodiscard]] bool next(completion& result) noexcept;

private:
    // A row of a statement.
    struct entry {
        request* waiting; // null: abandoned
        row_key key;
        bool came; // in the result
        std::int64_t id;
    };

    struct slot {
        bool has_keys = false;
        bool has_abandoned = false;
        time_point sent;
        std::size_t expected = 0; // the entry whose row is likely to come next
        entry only{};             // of a statement of one
        std::vector<entry> many;  // has_keys
    };

    enum class answer { none, rows, refused };

    [[nodiscard]] slot& front() noexcept { return slots_[first_]; }

    [[nodiscard]] const slot& front() const noexcept { return slots_[first_]; }

    [[nodiscard]] slot& at(std::size_t i) noexcept { return slots_[(first_ + i) % slots_.size()]; }

    static std::span<entry> entries_of(slot& s) noexcept;
    slot& push(bool has_keys, time_point now) noexcept;
    void pop() noexcept;
    void decide_front() noexcept;
    void decide(const entry& e, boost::system::error_code outcome, const sqlstate_text& why = {},
                bool try_alone = false) noexcept;
    static entry* find(slot& in, const row_key& key) noexcept;

    std::vector<slot> slots_; // a ring
    // Of statements of many that were decided: the next one has the memory of the last. So there is as much
    // of it as were ever in flight at once, for as many rows as they had, whatever the depth.
    std::vector<std::vector<entry>> spare_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    // The answer to the oldest statement, as far as it has come.
    answer answer_ = answer::none;
    sqlstate_text sqlstate_{};
    int nulls_in_a_row_ = 0;
    request_list decided_;
};

} // namespace beastmark::postgres
