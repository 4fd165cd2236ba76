// One keep-alive HTTP/1.1 connection to a target: connects, sends a request when told to, reads the answer,
// reconnects when it was lost. Owned by its lane, lives on its lane's thread.
//
// One read is always outstanding, also while idle, so that a server closing an idle connection is noticed
// before a request is wasted on it. A request is one send.
#pragma once

#include "loadgen/plan.hpp"
#include "loadgen/response_parser.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

class lane;

/// Timers and sockets with the executor's type known: Asio's default, any_io_executor, costs a virtual call
/// for each step.
using steady_timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                       boost::asio::wait_traits<std::chrono::steady_clock>,
                                                       boost::asio::io_context::executor_type>;

class connection {
public:
    using id_type = dispatcher::connection_id;

    connection(lane& owner, boost::asio::io_context& context, const target& to, id_type id);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Tries the target's addresses in turn, each for the plan's timeout at most. Ends in lane::connected()
    /// or lane::connect_failed().
    void connect();

    /// Sends the request of `arrival`. Only on a connection that is up and idle. The result is told to the
    /// lane.
    void send(std::uint64_t arrival);

    /// Closes it and forgets what is under way; tells nobody.
    void close();

    /// Asks the lane for leave to connect again: at once when it worked before, after a growing pause when it
    /// did not.
    void reconnect();

    /// TCP segments sent again since it was made, over all its sockets.
    [[nodiscard]] std::uint64_t retransmitted();

private:
    enum class step : std::uint8_t { closed, connecting, idle, busy };

    void try_next_address();
    void on_connected(const boost::system::error_code& code);
    void read();
    void on_read(const boost::system::error_code& code, std::size_t size);
    void on_end(const boost::system::error_code& code);
    void expect_answer();
    void parse();
    void write();
    void complete(bool reusable);
    void fail(outcome how, phase where, const boost::system::error_code& code);
    void lose_idle();

    // Small handlers with the connection's generation: what was started before a close() must not touch what
    // came after.
    struct read_handler;
    struct write_handler;
    struct connect_handler;
    struct deadline_handler;
    struct retry_handler;

    lane& lane_;
    const target& target_;
    id_type id_;
    step step_ = step::closed;
    std::uint32_t generation_ = 0;
    std::uint32_t failures_ = 0; // since the last answer, for the pause before the next attempt
    std::size_t address_ = 0;
    std::size_t addresses_tried_ = 0;
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type> socket_;
    steady_timer timer_; // a connect's deadline, then the backoff's end
    bool deadline_passed_ = false;
    std::uint64_t retransmitted_before_ = 0; // on sockets before this one
    std::uint32_t while_connecting_ = 0;     // SYNs sent again: a server's full queue, not the network's loss
    std::chrono::steady_clock::time_point connect_began_{};
    run_time read_at_{};     // when the last bytes came
    bool answering_ = false; // the first byte came, perhaps of a 1xx before the answer
    std::optional<response_parser> parser_;
    std::unique_ptr<char[]> input_;
    std::size_t input_size_ = 0;
    std::unique_ptr<char[]> output_; // of requests that differ
    std::string_view unsent_;
};

} // namespace beastmark::loadgen
