// Where a host is, without making an event loop wait for the answer.
#pragma once

#include "common/event_loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace beastmark {

/// What connect(2) takes.
struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* data() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);
    }

    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
};

/// The address that `host` writes out, IPv4 or IPv6; nothing when it is a name. Asks nobody.
std::optional<socket_address> numeric_address(const std::string& host, std::uint16_t port);

/// Looks names up with getaddrinfo(3), which blocks: each in a thread of its own, which tells the loop and
/// ends. A slow resolver keeps that thread, never the loop nor whoever started it: thread, answer and all go
/// by themselves when nobody waits for them any more, also after the loop's end. Belongs to the loop's thread
/// and does not outlive the loop.
class name_lookup {
public:
    struct answer {
        std::vector<socket_address> addresses; ///< in the order in which to try them (RFC 6724)
        std::string error;                     ///< why there are none, else empty
    };

    /// `on_answer` must not destroy the look-up; it may start another.
    name_lookup(event_loop& loop, std::function<void(const answer&)> on_answer);
    ~name_lookup();
    name_lookup(const name_lookup&) = delete;
    name_lookup& operator=(const name_lookup&) = delete;

    /// The answer comes in a later turn of the loop; that of another look-up still under way no more. One of
    /// the same host and port is waited for, also if it was cancelled: against a resolver that hangs, no
    /// thread is added by each attempt.
    void start(const std::string& host, std::uint16_t port);

    /// Nothing comes any more, until the next start().
    void cancel() noexcept { wanted_ = false; }

private:
    struct job;

    static void tell(const std::shared_ptr<job>& done);
    void abandon() noexcept;

    event_loop& loop_;
    std::function<void(const answer&)> on_answer_;
    std::shared_ptr<job> job_; // the one under way
    bool wanted_ = false;      // its answer
};

} // namespace beastmark
