// What one PostgreSQL connection in pipeline mode has promised: the statements sent, in order, each closed by
// a Sync of its own and therefore a transaction of its own. Sans-I/O: libpq's results and time in,
// completions out.
//
// What libpq delivers for one statement (seen with libpq 15):
//   stored                     TUPLES_OK, null, PIPELINE_SYNC
//   refused                    FATAL_ERROR with an SQLSTATE, null, PIPELINE_SYNC
//   refused at commit          TUPLES_OK, null, FATAL_ERROR with an SQLSTATE, null, PIPELINE_SYNC
//   backend terminated         FATAL_ERROR 57P01 of severity FATAL, null, then the connection fails; no sync
//   backend killed, link lost  the connection fails
// So nothing is decided before the sync, and only an error of severity ERROR is a refusal: FATAL ends the
// session and says nothing about a commit.
#pragma once

#include "ingest/postgres/request.hpp"

#include <boost/circular_buffer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace beastmark::postgres {

class pipeline {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What a sync decided. Without a request it was an abandoned one's, which is dropped.
    struct completion {
        request* done = nullptr;
        boost::system::error_code error;
    };

    explicit pipeline(std::size_t depth);

    [[nodiscard]] bool full() const noexcept { return slots_.full(); }

    [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }

    [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

    /// The oldest statement has timed out and its reply has not come.
    [[nodiscard]] bool stalled() const noexcept {
        return !slots_.empty() && slots_.front().waiting == nullptr;
    }

    /// The statement and its Sync have been handed to libpq. Precondition: not full.
    void sent(request& r, time_point now);

    // The results, in the order in which libpq gives them. False: it is no answer to what was sent, or the
    // connection is dying; it must be closed, and fail_next says what became of the statements.

    [[nodiscard]] bool row(std::int64_t id) noexcept;
    /// The statement was executed but gave no row.
    [[nodiscard]] bool no_row() noexcept;
    /// @param sqlstate empty when libpq made the error up itself
    /// @param ends_session the severity is FATAL or PANIC
    [[nodiscard]] bool error(std::string_view sqlstate, bool ends_session) noexcept;
    /// A null result: the end of one statement's results. libpq gives nothing else on some broken
    /// connections, without ever failing: several in a row are such a one.
    [[nodiscard]] bool null() noexcept;
    [[nodiscard]] bool sync(completion& result) noexcept;

    /// A request submitted before `deadline` and not yet told so, or null; its place is kept for its reply.
    request* abandon_before(time_point deadline) noexcept;
    /// The oldest statement, abandoned or not, was sent before `limit`.
    [[nodiscard]] bool oldest_before(time_point limit) const noexcept;

    /// The connection is gone: gives the live requests one after the other, oldest first, with what is known
    /// of each, then null; the pipeline is then as new.
    request* fail_next(boost::system::error_code& error) noexcept;

private:
    struct slot {
        request* waiting; // null: abandoned
        time_point sent;
        time_point submitted;
    };

    enum class answer { none, row, no_row, refused };

    void pop(request* r) noexcept;

    boost::circular_buffer<slot> slots_;
    // The answer to the oldest statement, as far as it has come.
    answer answer_ = answer::none;
    std::int64_t id_ = 0;
    std::array<char, 6> sqlstate_{};
    int nulls_in_a_row_ = 0;
};

} // namespace beastmark::postgres
