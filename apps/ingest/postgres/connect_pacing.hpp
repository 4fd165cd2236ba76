// When a pool may try to connect: how many attempts at once, and how long after one that failed. Sans-I/O.
#pragma once

#include "ingest/backoff.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace beastmark::postgres {

struct pacing_options {
    /// Attempts in progress at most: each makes the server fork a process.
    std::size_t attempts = 16;
    /// Wait after the first failure, doubled up to the cap; each with up to half taken off at random.
    std::chrono::milliseconds first_retry{50};
    std::chrono::milliseconds retry_cap{500};
    /// Wait, with up to half taken off, when the server has no room for more beside those that are up.
    std::chrono::milliseconds full_retry{10'000};
    /// While no connection is up, an attempt without answer for so long does not hold up the next one: it may
    /// be at a link that is half open, while the server is back.
    std::chrono::milliseconds silent_after{500};
    /// Where the pools of one service (of its cores) share a server that has not room for all: one that has
    /// no connection asks here, and another that has more than one gives one up. Outlives them; null: alone.
    std::atomic<bool>* place_wanted = nullptr;
};

/// The pool waits as one, so that the attempts at a server that is away do not grow with the pool: while no
/// connection is up one at a time is tried (another beside one that stays silent), then as many more as are
/// up already, up to the bound. A server that has no room is tried by one at a time, seldom while others are
/// up. Where one pool has no connection at all, another that has several gives one up: each core's share of
/// the requests comes to it whether or not it has a connection.
class connect_pacing {
public:
    using time_point = std::chrono::steady_clock::time_point;

    connect_pacing(const pacing_options& options, std::uint32_t seed)
        : most_attempts_(std::max<std::size_t>(options.attempts, 1)),
          silent_after_(options.silent_after),
          retry_cap_(options.retry_cap),
          backoff_(options.first_retry, options.retry_cap, seed),
          full_backoff_(options.full_retry, options.full_retry, seed),
          place_wanted_(options.place_wanted) {}

    [[nodiscard]] bool may_begin(time_point now) const noexcept { return now >= next_turn(); }

    /// When the next attempt may begin if nothing else happens: never, when it has to wait for another to
    /// end.
    [[nodiscard]] time_point next_turn() const noexcept {
        if (attempts_ < (full_ ? 1 : std::min(most_attempts_, connected_ + 1)))
            return not_before_;
        if (full_ || connected_ > 0 || attempts_ >= most_attempts_)
            return time_point::max();
        return std::max(not_before_, last_began_ + silent_after_);
    }

    /// No attempt may begin earlier.
    [[nodiscard]] time_point not_before() const noexcept { return not_before_; }

    [[nodiscard]] std::size_t connected() const noexcept { return connected_; }

    void began(time_point now) noexcept {
        ++attempts_;
        last_began_ = now;
    }

    void succeeded(time_point now) noexcept {
        --attempts_;
        ++connected_;
        full_ = false;
        if (connected_ == 1 && place_wanted_ != nullptr)
            place_wanted_->store(false, std::memory_order_relaxed); // who else wants one asks again
        backoff_.up(now);
    }

    /// @param full the server has no room for another connection.
    void failed(time_point now, bool full) {
        --attempts_;
        full_ = full;
        if (full && connected_ > 0)
            return wait_for_room(now);
        if (full && place_wanted_ != nullptr)
            place_wanted_->store(true, std::memory_order_relaxed);
        wait(now);
    }

    /// Another pool has none, and this one has more than one.
    [[nodiscard]] bool place_is_wanted() const noexcept {
        return connected_ > 1 && place_wanted_ != nullptr && place_wanted_->load(std::memory_order_relaxed);
    }

    /// True: this pool is to give one up. Of several pools one is told so for each time that one asked. What
    /// is asked while one is on its way is most probably asked for that one, which whoever wants it has to be
    /// able to take: until a wait after it was given up the answer is no.
    [[nodiscard]] bool answer_wanted(time_point now) noexcept {
        if (now < next_given_ || !place_is_wanted() ||
            !place_wanted_->exchange(false, std::memory_order_relaxed))
            return false;
        next_given_ = time_point::max();
        return true;
    }

    /// A connection that was up was closed, for another pool to have its place.
    void gave_up(time_point now) {
        --connected_;
        full_ = true;
        next_given_ = now + retry_cap_;
        wait_for_room(now);
    }

    /// A connection that was up; where there was no room for more there may be for this one.
    void lost(time_point now) {
        --connected_;
        next_given_ = std::min(next_given_, now + retry_cap_); // it may be the one that was on its way
        if (waits_for_room_) {
            waits_for_room_ = false;
            not_before_ = now;
        }
        wait(now);
    }

private:
    void wait_for_room(time_point now) {
        waits_for_room_ = true;
        not_before_ = std::max(not_before_, now + full_backoff_.next(now));
    }

    // Those that fail together count once.
    void wait(time_point now) {
        if (now >= not_before_)
            not_before_ = now + backoff_.next(now);
    }

    std::size_t most_attempts_;
    std::chrono::milliseconds silent_after_;
    std::chrono::milliseconds retry_cap_;
    ingest::backoff backoff_;
    ingest::backoff full_backoff_;
    std::atomic<bool>* place_wanted_;
    time_point not_before_{};
    time_point last_began_{};
    time_point next_given_{};  // no place is given to another pool earlier
    std::size_t attempts_ = 0; // in progress
    std::size_t connected_ = 0;
    bool full_ = false;
    bool waits_for_room_ = false; // that is what not_before_ is about
};

} // namespace beastmark::postgres
