// What the log says of a backend's links: once when all are gone and once when the first is back, and of one
// that flaps once a second at most. What was not told of is while it lasts.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace beastmark::ingest {

/// Why a connection is closed that was well.
inline constexpr std::string_view given_up_reason =
    "the database has no room for another thread's only one, which gets its place";

/// From any thread.
class link_log {
public:
    /// @param name begins each line; empty: nothing is logged (so that of several cores one can speak for
    /// all).
    /// @param backend "the database"
    link_log(std::string name, std::string backend, std::size_t links);

    /// One more link is up. @param again it was up before
    void up(bool again);

    /// A link that was up is lost, or an attempt to make one has failed.
    void lost(bool was_up, std::string_view reason);

    /// The backend said no to an operation.
    void refused(std::string_view code, std::string_view message);

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] static bool may_log(clock::time_point& next) noexcept;

    std::mutex mutex_;
    const std::string name_;
    const std::string backend_;
    const std::size_t links_;
    std::size_t up_ = 0;
    std::string logged_reason_; // of the last failed attempt told of: repeated ones stay silent
    bool back_is_news_ = true;  // it was told of that the backend is away, or never that it is there
    clock::time_point next_backend_loss_logged_;
    clock::time_point next_failure_logged_;
    clock::time_point next_loss_logged_;
    clock::time_point next_refusal_logged_;
};

} // namespace beastmark::ingest
