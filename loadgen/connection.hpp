// A connection to a target: connects, with TLS to one of https, and connects again when it was lost. What is
// said on it, and how many requests it carries at once, is its protocol's: http1_connection,
// http2_connection. Owned by its lane, lives on its lane's thread.
//
// It listens also while idle, so that a server closing an idle connection is noticed before a request is
// wasted on it.
#pragma once

#include "common/event_loop.hpp"
#include "common/tcp_connect.hpp"
#include "loadgen/dispatcher.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/tls/tls_session.hpp"

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

class lane;

class connection : event_loop::listener {
public:
    using id_type = std::uint32_t;
    using stream_type = std::uint32_t; // one of the requests that it carries at once, from 0

    /// @param id its place in the lane.
    /// @param number its place among all connections to the target: which address it begins with.
    connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number);
    virtual ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Tries the target's addresses in turn, each for the plan's timeout at most. Ends in lane::connected()
    /// or lane::connect_failed(). At rest, for a request, whose timeout is then the only one: ends in
    /// opened() or on_not_opened().
    void connect();

    /// Sends the request of `arrival` as this stream, which is up and idle. The result is told to the lane.
    virtual void send(stream_type stream, std::uint64_t arrival) = 0;

    /// Of what send() has put off the rest. After one or more of them.
    virtual void flush() {}

    /// The request of this stream has timed out, and was counted: an answer to it is not to be told.
    virtual void give_up(stream_type stream) = 0;

    /// The target's addresses have changed: where this one's is no more, it is given up once its requests
    /// have ended.
    void leave_gone_address();

    /// Closes it and forgets what is under way; tells nobody.
    void close();

    /// TCP segments sent again since it was made, over all its sockets.
    [[nodiscard]] std::uint64_t retransmitted();

protected:
    // What its protocol does. Called from read() and from the loop.

    /// Bytes can go both ways. The protocol says serve() when it can take requests, in this call or later.
    virtual void opened() = 0;

    /// `size` bytes came, behind the kept() ones in input(). What it does not use it keeps.
    virtual void on_bytes(std::size_t size) = 0;

    /// Nothing more comes: asio::error::eof, or why.
    virtual void on_end(const boost::system::error_code& code) = 0;

    /// The bytes of unsent() cannot be sent any more.
    virtual void on_send_error(const boost::system::error_code& code) = 0;

    /// So many of them went out.
    virtual void on_bytes_sent(std::size_t size) = 0;

    /// All of them went out after they had to wait.
    virtual void on_sent() {}

    /// It is open and not to be used any more once its requests have ended.
    virtual void leave() = 0;

    /// It was closed.
    virtual void forget() {}

    /// Of a connect from rest: none of the addresses could be connected to.
    virtual void on_not_opened(phase /*where*/, const boost::system::error_code& /*code*/) {}

    // What its protocol does it with.

    /// It takes requests from now on.
    void serve(stream_type streams);

    /// Closes its socket. It still takes requests, or does from serve() on, and connects for each.
    void rest();

    /// In opened(), of a connect from rest.
    void serve_again();

    /// Where it is connected to cannot be used: tries the next address.
    void attempt_failed(phase where, const boost::system::error_code& code);

    /// close(), and asks the lane for leave to connect again: at once when it worked before, after a growing
    /// pause when it did not.
    void close_and_reconnect();

    /// An answer came, or there was none: for that pause, and for who asks why nobody is connected.
    void worked() { failures_ = 0; }

    void did_not_work(phase where, const boost::system::error_code& code);

    /// Sends some of unsent(); the rest goes out when there is room.
    void write();

    /// Changes with each close(): what began before must not go on after it.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

    [[nodiscard]] bool is_serving() const noexcept { return step_ == step::serving; }

    /// The other side has sent all it will.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    /// When the last bytes came.
    [[nodiscard]] run_time read_at() const noexcept { return read_at_; }

    [[nodiscard]] std::size_t address() const noexcept { return address_; }

    [[nodiscard]] id_type id() const noexcept { return id_; }

    [[nodiscard]] lane& owner() const noexcept { return lane_; }

    [[nodiscard]] const target& to() const noexcept { return target_; }

    /// The name of what the server chose to speak (RFC 7301); empty without TLS or choice.
    [[nodiscard]] std::string_view chosen_protocol() const;

    static constexpr std::size_t input_capacity = 16 * 1024;

    [[nodiscard]] char* input() const noexcept { return input_.get(); }

    std::size_t kept_ = 0; // of input(): came before and is not used yet
    std::string_view unsent_;

private:
    enum class step : std::uint8_t { closed, connecting, handshaking, greeting, serving };

    [[nodiscard]] bool is_open() const {
        return socket_ >= 0 && (step_ == step::greeting || step_ == step::serving);
    }

    void ready(std::uint32_t events) override;
    boost::system::result<connecting_socket> begin_attempt();
    void try_next_address();
    void on_attempt_ended(const boost::system::error_code& code);
    void begin_handshake();
    void shake_hands();
    void up();
    void on_timer();
    void reconnect();
    boost::system::error_code receive(char* into, std::size_t room, std::size_t& size);
    boost::system::error_code transmit(std::size_t& size);
    void read();
    void close_socket() noexcept;

    lane& lane_;
    const target& target_;
    id_type id_;
    std::uint64_t number_;
    step step_ = step::closed;
    bool in_service_ = false; // takes requests, as the lane knows
    std::uint32_t generation_ = 0;
    std::uint32_t failures_ = 0; // since the last answer
    std::size_t home_ = 0;       // the address it was connected to last
    std::size_t address_ = 0;    // the one it is or tries to be connected to
    std::size_t addresses_tried_ = 0;
    event_loop& loop_;
    int socket_ = -1;
    event_loop::watch watch_ = 0;
    std::optional<tls_session> tls_;         // of https, from the handshake on
    tls_ticket ticket_;                      // of the connection before
    timer timer_;                            // a connect's deadline, then the backoff's end
    boost::system::error_code could_not_;    // connect, at once: told in another turn of the loop
    std::uint64_t retransmitted_before_ = 0; // on sockets before this one
    // SYNs sent again: a server's full queue, not the network's loss. None: this socket is not connected.
    std::optional<std::uint32_t> while_connecting_;
    std::chrono::steady_clock::time_point connect_began_{};
    std::chrono::steady_clock::time_point handshake_began_{};
    run_time read_at_{};
    bool ended_ = false;
    std::unique_ptr<char[]> input_;
};

/// For this target, of the protocol that the plan asks for.
std::unique_ptr<connection> make_connection(lane& owner, event_loop& loop, const target& to,
                                            connection::id_type id, std::uint64_t number);

} // namespace beastmark::loadgen
