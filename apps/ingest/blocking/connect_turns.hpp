// When a worker may try to connect: the workers of a core wait as one, as the asynchronous pool does.
#pragma once

#include "ingest/postgres/connect_pacing.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace beastmark::ingest {

/// From any thread. An attempt begins with await() and ends with one of succeeded() and failed(); a
/// connection that was up, with lost().
class connect_turns {
public:
    connect_turns(const postgres::pacing_options& options, std::uint32_t seed) : pacing_(options, seed) {}

    /// Waits until an attempt may begin. False: stopped.
    bool await();

    void succeeded();

    /// @param full the server has no room for another connection.
    /// @return whether that leaves none at all, so that nobody would hear of a smaller pool.
    bool failed(bool full);

    void lost();

    /// True: the worker that asks is to close its connection, which is counted as closed: another core, for
    /// which the server has no room at all, gets its place.
    bool give_place();

    /// Attempts that the server had no room for.
    [[nodiscard]] std::uint64_t refused() const;

    /// Ends all waiting, for good.
    void stop();

private:
    using clock = std::chrono::steady_clock;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    postgres::connect_pacing pacing_;
    std::uint64_t refused_ = 0;
    bool stopped_ = false;
};

} // namespace beastmark::ingest
