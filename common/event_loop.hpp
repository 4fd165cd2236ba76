// What the threads of loadgen and of the services wait with: epoll, and nothing between it and the
// connections.
//
// Asio's reactor reads each socket once more after a message, to see that nothing is left, and sets its one
// timer twice for each arrival: a tenth of a request's cost (docs/results.md). Here descriptors are watched
// edge-triggered, so that a request costs a send, a recv and its share of an epoll_wait; each exact_timer has
// a timerfd of its own.
#pragma once

#include "common/descriptor.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <sys/epoll.h>

namespace beastmark {

/// Run by one thread, which alone calls everything but post().
class event_loop {
public:
    /// Who hears of a watched descriptor. Called with the events of epoll_ctl(2) that came. It may do
    /// anything with the loop, also forget itself.
    class listener {
    public:
        virtual void ready(std::uint32_t events) = 0;

    protected:
        ~listener() = default;
    };

    /// A watch of a descriptor.
    using watch = std::uint32_t;

    /// When a listener hears of what is there: when it comes up (it must then take all of it), or each time
    /// the loop waits while it is there.
    enum class trigger : std::uint8_t { edge, level };

    /// Throws std::system_error when there is no descriptor left.
    event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    /// Waits and calls until stop(). @param spin polls instead of waiting.
    void run(bool spin = false);

    /// One turn of it: waits for `at_most` and calls for what has come. For whoever has a loop of his own.
    void turn(std::chrono::milliseconds at_most);

    /// run() returns once the call under way is over.
    void stop() noexcept { stopped_ = true; }

    /// Calls `task` on the loop's thread, soon; not at all when the loop has stopped. From any thread.
    void post(std::function<void()> task);

    /// Calls `task` each time when all events at hand were told, before it waits for more: what many of them
    /// ask for is then done once.
    void before_wait(std::function<void()> task) { before_wait_.push_back(std::move(task)); }

    /// `who` hears of those of `events` that come. Empty when the kernel has no room for more: errno says
    /// why.
    std::optional<watch> add(int descriptor, std::uint32_t events, listener& who,
                             trigger how = trigger::edge);

    /// Other events than before.
    void change(watch w, int descriptor, std::uint32_t events) noexcept;

    /// Tells of what is still there once more, after the others: for who took only a part of it.
    void tell_again(watch w, int descriptor) noexcept;

    /// Before the descriptor is closed. What came and was not told yet is dropped.
    void remove(watch w, int descriptor) noexcept;

    /// What this turn tells of has come after this moment: it waited at most while the turn before worked.
    /// (Older may be what tell_again() tells of, what did not fit a turn's 4096 events, and a listen queue.)
    [[nodiscard]] std::chrono::steady_clock::time_point backlog_since() const noexcept {
        return backlog_since_;
    }

private:
    friend class timer;

    using times = std::multimap<std::chrono::steady_clock::time_point, class timer*>;

    struct entry {
        listener* who = nullptr;
        std::uint32_t events = 0;
        std::uint32_t generation = 0; // tells an event of a watch from one of its place's predecessor
    };

    class relay final : public listener {
    public:
        relay(event_loop& loop, void (event_loop::*what)()) : loop_(loop), what_(what) {}

        void ready(std::uint32_t /*events*/) override { (loop_.*what_)(); }

    private:
        event_loop& loop_;
        void (event_loop::*what_)();
    };

    void wait(int timeout_ms);
    void run_posted();
    void run_timers();
    void set_clock();

    descriptor epoll_;
    descriptor mail_;  // an eventfd: something was posted
    descriptor clock_; // the timerfd of all timers that are not exact
    bool stopped_ = false;
    bool in_timers_ = false;
    std::chrono::steady_clock::time_point turn_began_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point backlog_since_ = turn_began_;
    relay on_mail_{*this, &event_loop::run_posted};
    relay on_clock_{*this, &event_loop::run_timers};
    std::vector<std::function<void()>> before_wait_;
    std::vector<epoll_event> events_;
    std::vector<entry> entries_;
    std::vector<watch> free_;
    times times_;
    std::chrono::steady_clock::time_point clock_set_to_{};
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;
};

/// Calls a function at a time. For what happens rarely: setting it allocates.
class timer {
public:
    timer(event_loop& loop, std::function<void()> on_time);
    ~timer();
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    /// Once, at `t` or soon after it; instead of a time set before.
    void set(std::chrono::steady_clock::time_point t);
    void cancel() noexcept;

    [[nodiscard]] bool is_set() const noexcept { return is_set_; }

    /// The time last set.
    [[nodiscard]] std::chrono::steady_clock::time_point time() const noexcept { return time_; }

private:
    friend class event_loop;

    event_loop& loop_;
    std::function<void()> on_time_;
    event_loop::times::iterator place_;
    std::chrono::steady_clock::time_point time_{};
    bool is_set_ = false;
};

/// A timer for what happens with each request: sub-millisecond, its own timerfd, no allocation.
class exact_timer {
public:
    /// `who` hears each time it fires. Throws std::system_error when there is no descriptor left.
    exact_timer(event_loop& loop, event_loop::listener& who);
    ~exact_timer();
    exact_timer(const exact_timer&) = delete;
    exact_timer& operator=(const exact_timer&) = delete;

    /// Once, at `t`, at once when that is past; instead of a time set before.
    void set(std::chrono::steady_clock::time_point t) noexcept;
    void cancel() noexcept;

private:
    event_loop& loop_;
    descriptor timer_;
    event_loop::watch watch_ = 0;
};

} // namespace beastmark
