// One connection's socket: reads, has requests answered, sends, and keeps the deadlines.
//
// The socket is watched edge-triggered: it is read when the loop has told of something, until a read brings
// less than it could, so that a request costs a recv and a send. The session deletes itself when it is closed
// and no answer of the handler is outstanding any more.
#pragma once

#include "common/event_loop.hpp"
#include "server/http1_connection.hpp"
#include "server/timeouts.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <optional>

namespace beastmark::server {

class core;

struct session_list_tag;
using session_list_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<session_list_tag>>;

class session final : public http1_connection,
                      public event_loop::listener,
                      public timeout_node,
                      public session_list_hook {
public:
    /// Owns `socket`, which does not block.
    session(core& owner, http1_environment& shared, int socket);
    ~session() override;

    /// False when the kernel has no room to watch it.
    [[nodiscard]] bool start();

    /// Closes at once, whatever is under way.
    void close();

    /// Closes unless something is owed to the client or has come from it.
    void close_if_idle();

private:
    using clock = http1_connection::clock;

    void ready(std::uint32_t events) override;
    void answered() override;
    void on_timeout(timeout_kind kind) override;

    void go_on();
    void yield();
    bool read();
    bool send();
    void finish();
    void discard();
    void await_input();
    [[nodiscard]] bool has_unread() const;
    void arm(timeout_kind kind, clock::time_point from);
    void disarm();

    core& core_;
    const int socket_;
    event_loop::watch watch_ = 0;
    std::optional<timeout_kind> armed_;
    std::uint64_t armed_for_ = 0; // requests() then
    bool readable_ = false;       // something may be there to read
    bool hung_up_ = false;        // the client has sent all it will
    bool blocked_ = false;        // the socket takes no more for now
    bool yielded_ = false;        // the loop tells of it again, behind the others
    bool finishing_ = false;      // the last answer is sent: what still comes is thrown away
    bool closed_ = false;
};

} // namespace beastmark::server
