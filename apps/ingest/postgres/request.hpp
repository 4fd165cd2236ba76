// One statement on its way to PostgreSQL, as an intrusive node: no allocation on the way.
#pragma once

#include <boost/intrusive/slist_hook.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace beastmark::postgres {

/// Owned by the caller (its session) and left where it is until `done` is called; free to be submitted again
/// then.
struct request : boost::intrusive::slist_base_hook<> {
    /// $1 to $4 as zero-terminated text, valid until `done`.
    std::array<const char*, 4> values{};
    /// Called exactly once for each submit, on the core's thread; may submit again, this request or another.
    /// Without an error the row is committed. Error: one of `errc`.
    void (*done)(request&, boost::system::error_code) noexcept = nullptr;

    /// The id of the stored row, when there was no error.
    std::int64_t id = 0;
    /// Why, when refused: five characters, zero-terminated. "02000" when the server stored nothing without
    /// saying why (a trigger that returned null).
    std::array<char, 6> sqlstate{};

    /// Set by pool::submit; deadlines and the measured duration count from here.
    std::chrono::steady_clock::time_point submitted;
};

} // namespace beastmark::postgres
