// One row on its way to PostgreSQL, as an intrusive node: no allocation on the way.
#pragma once

#include <boost/intrusive/slist.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace beastmark::postgres {

/// What tells a row from all others: its uuid in binary.
using row_key = std::array<std::uint8_t, 16>;

/// Five characters, zero-terminated.
using sqlstate_text = std::array<char, 6>;

/// Owned by the caller (its session) and left where it is until `done` is called; free to be submitted again
/// then.
struct request : boost::intrusive::slist_base_hook<> {
    /// $1 to $4 as zero-terminated text, valid until `done`.
    std::array<const char*, 4> values{};
    /// $1 and $4 in binary; needed only where many rows make one statement.
    row_key key{};
    std::chrono::sys_time<std::chrono::microseconds> time;
    /// Called exactly once for each submit, on the core's thread; may submit again, this request or another.
    /// Without an error the row is committed. Error: one of `errc`.
    void (*done)(request&, boost::system::error_code) noexcept = nullptr;

    /// The id of the stored row, when there was no error.
    std::int64_t id = 0;
    /// Why, when refused. "02000" when the server stored nothing without saying why (a trigger that returned
    /// null).
    sqlstate_text sqlstate{};

    // The pool's own.

    /// Set by pool::submit; deadlines and the measured duration count from here.
    std::chrono::steady_clock::time_point submitted;
    /// What is decided and has not been told yet.
    boost::system::error_code outcome;
    /// It was refused together with others, and goes to the server once more, without them.
    bool alone = false;
};

/// Requests in a row, none of them in another.
using request_list = boost::intrusive::slist<request, boost::intrusive::cache_last<true>,
                                             boost::intrusive::constant_time_size<true>>;

} // namespace beastmark::postgres
