// Deadlines of sessions at a constant cost and without a system call each.
//
// All deadlines of one kind have the same length, so that a list in order of arming is in order of expiry:
// arming is a move to the back, expiring pops from the front. One coarse tick per core looks at the fronts.
#pragma once

#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace beastmark::server {

/// What a session waits for.
enum class timeout_kind : std::uint8_t { idle, head, body, write, linger };

inline constexpr std::size_t timeout_kind_count = 5;

/// A place in the lists; a session is one. Leaves its list when destroyed.
class timeout_node
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    using clock = std::chrono::steady_clock;

    virtual ~timeout_node() = default;

    /// The deadline passed. The node was disarmed before the call.
    virtual void on_timeout(timeout_kind kind) = 0;

private:
    friend class timeouts;
    clock::time_point deadline_;
};

/// The deadlines of one core's sessions. Single-threaded, no clock of its own.
class timeouts {
public:
    using clock = timeout_node::clock;

    /// @param lengths by timeout_kind.
    explicit timeouts(const std::array<clock::duration, timeout_kind_count>& lengths) : lengths_{lengths} {}

    /// Gives the node one deadline, `now` plus the length of the kind; an earlier one is forgotten.
    void arm(timeout_node& node, timeout_kind kind, clock::time_point now);

    static void disarm(timeout_node& node) { node.unlink(); }

    /// Calls on_timeout() of each node whose deadline is not after `now`. A callee may destroy itself, arm
    /// and disarm.
    void expire(clock::time_point now);

private:
    using list = boost::intrusive::list<timeout_node, boost::intrusive::constant_time_size<false>>;

    std::array<list, timeout_kind_count> armed_;
    std::array<clock::duration, timeout_kind_count> lengths_;
};

} // namespace beastmark::server
