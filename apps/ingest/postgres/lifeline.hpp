// A way out of a blocking call: another thread may end it by shutting down the socket it waits on.
#pragma once

#include "common/descriptor.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace beastmark::postgres {

/// Holds a copy of the descriptor: the library closes its own when it likes, and the number may be a
/// stranger's then.
class lifeline {
public:
    using clock = std::chrono::steady_clock;

    /// The thread that blocks: its link is on this socket from here on. Throws std::system_error when there
    /// is no descriptor left.
    void hold(int socket);
    void let_go();

    /// A call that may block begins, and ends.
    void begin(clock::time_point now);
    void end();

    /// Something is to be read, or the other side has closed.
    [[nodiscard]] bool has_news() const;

    // From any thread:

    /// Ends a call that began before `limit`.
    void cut_older_than(clock::time_point limit);
    /// Ends the call under way, and every later one.
    void cut();

private:
    void shut_down() noexcept;

    mutable std::mutex mutex_;
    std::optional<descriptor> copy_;
    std::optional<clock::time_point> began_;
    bool cut_ = false;
};

/// From construction to destruction a call that may block is under way.
class blocking_call {
public:
    explicit blocking_call(lifeline& out) : out_(out) { out_.begin(lifeline::clock::now()); }

    ~blocking_call() { out_.end(); }

    blocking_call(const blocking_call&) = delete;
    blocking_call& operator=(const blocking_call&) = delete;

private:
    lifeline& out_;
};

} // namespace beastmark::postgres
