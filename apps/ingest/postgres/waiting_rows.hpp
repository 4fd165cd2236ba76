// The requests that wait for a connection, and which of them leave together. Sans-I/O.
#pragma once

#include "ingest/postgres/request.hpp"

#include <chrono>
#include <cstddef>

namespace beastmark::postgres {

class waiting_rows {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// @param rows that leave together at most. @param wait that the oldest waits for more at most.
    waiting_rows(std::size_t rows, std::chrono::nanoseconds wait) : rows_(rows), wait_(wait) {}

    [[nodiscard]] std::size_t size() const noexcept { return fresh_.size() + alone_.size(); }

    [[nodiscard]] bool empty() const noexcept { return fresh_.empty() && alone_.empty(); }

    /// Behind the others; one that is to go alone before all that are not.
    void push(request& r) noexcept { (r.alone ? alone_ : fresh_).push_back(r); }

    /// The next goes alone.
    [[nodiscard]] bool alone_is_next() const noexcept { return !alone_.empty(); }

    /// As many as a statement takes are there.
    [[nodiscard]] bool full() const noexcept { return fresh_.size() >= rows_; }

    /// The next statement's rows may leave at `now`. Precondition: not empty.
    [[nodiscard]] bool due(time_point now) const noexcept {
        return alone_is_next() || full() || due_at() <= now;
    }

    /// When those that do not go alone have waited enough for more. Precondition: there is one.
    [[nodiscard]] time_point due_at() const noexcept { return fresh_.front().submitted + wait_; }

    /// Moves the next statement's rows to `into`, oldest first. Precondition: not empty.
    void take(request_list& into) noexcept;

    /// Back to the front, in their order: they could not leave.
    void put_back(request_list& rows) noexcept;

    /// Moves those submitted at `deadline` or before to `into`; of those that go alone at `alone_deadline`:
    /// they have had their wait.
    void expire(time_point deadline, time_point alone_deadline, request_list& into) noexcept;

    /// Moves all of them to `into`.
    void take_all(request_list& into) noexcept;

private:
    std::size_t rows_;
    std::chrono::nanoseconds wait_;
    request_list fresh_;
    request_list alone_;
};

} // namespace beastmark::postgres
