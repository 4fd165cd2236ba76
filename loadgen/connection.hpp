// One keep-alive HTTP/1.1 connection to a target: connects, sends a request when told to, reads the answer,
// reconnects when it was lost. Owned by its lane, lives on its lane's thread.
//
// It listens also while idle, so that a server closing an idle connection is noticed before a request is
// wasted on it. A request is one send, an answer one recv; of https a record each, besides.
#pragma once

#include "common/event_loop.hpp"
#include "loadgen/dispatcher.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/response_parser.hpp"
#include "loadgen/tls/tls_session.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

class lane;

class connection final : event_loop::listener {
public:
    using id_type = dispatcher::connection_id;

    /// @param id its place in the lane.
    /// @param number its place among all connections to the target: which address it begins with.
    connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Tries the target's addresses in turn, each for the plan's timeout at most. Ends in lane::connected()
    /// or lane::connect_failed().
    void connect();

    /// Sends the request of `arrival`. Only on a connection that is up and idle. The result is told to the
    /// lane.
    void send(std::uint64_t arrival);

    /// The target's addresses have changed: where this one's is no more, it is given up once its request has
    /// ended.
    void leave_gone_address();

    /// Closes it and forgets what is under way; tells nobody.
    void close();

    /// Asks the lane for leave to connect again: at once when it worked before, after a growing pause when it
    /// did not.
    void reconnect();

    /// TCP segments sent again since it was made, over all its sockets.
    [[nodiscard]] std::uint64_t retransmitted();

private:
    enum class step : std::uint8_t { closed, connecting, handshaking, idle, busy };

    void ready(std::uint32_t events) override;
    void try_next_address();
    void on_attempt_ended(const boost::system::error_code& code);
    void begin_handshake();
    void shake_hands();
    void up();
    void attempt_failed(phase where, const boost::system::error_code& code);
    void on_timer();
    boost::system::error_code receive(char* into, std::size_t room, std::size_t& size);
    boost::system::error_code transmit(std::size_t& size);
    void read();
    void on_bytes(std::size_t size);
    void on_end(const boost::system::error_code& code);
    void expect_answer();
    void parse();
    void write();
    void complete(bool reusable);
    void fail(outcome how, phase where, const boost::system::error_code& code);
    void lose_idle();
    void close_socket() noexcept;

    lane& lane_;
    const target& target_;
    id_type id_;
    std::uint64_t number_;
    step step_ = step::closed;
    std::uint32_t generation_ = 0; // of its socket: what began before a close() must not go on after it
    std::uint32_t failures_ = 0;   // since the last answer, for the pause before the next attempt
    std::size_t home_ = 0;         // the address it was connected to last
    std::size_t address_ = 0;      // the one it is or tries to be connected to
    std::size_t addresses_tried_ = 0;
    bool leaving_ = false; // its address has gone
    event_loop& loop_;
    int socket_ = -1;
    event_loop::watch watch_ = 0;
    std::optional<tls_session> tls_;         // of https, from the handshake on
    tls_ticket ticket_;                      // of the connection before
    timer timer_;                            // a connect's deadline, then the backoff's end
    boost::system::error_code could_not_;    // connect, at once: told in another turn of the loop
    std::uint64_t retransmitted_before_ = 0; // on sockets before this one
    std::uint32_t while_connecting_ = 0;     // SYNs sent again: a server's full queue, not the network's loss
    std::chrono::steady_clock::time_point connect_began_{};
    std::chrono::steady_clock::time_point handshake_began_{};
    run_time read_at_{};     // when the last bytes came
    bool ended_ = false;     // the other side has sent all it will
    bool answering_ = false; // the first byte came, perhaps of a 1xx before the answer
    bool head_only_ = false; // the answer to what was sent has no body
    std::optional<response_parser> parser_;
    std::unique_ptr<char[]> input_;
    std::size_t input_size_ = 0;
    std::unique_ptr<char[]> output_; // of requests that differ
    std::string_view unsent_;
};

} // namespace beastmark::loadgen
