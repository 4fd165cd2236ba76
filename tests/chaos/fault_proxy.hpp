// A TCP proxy between a service and its backend that a test makes bad, at run time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace beastmark::testing {

/// What a link does, each way.
struct link_fault {
    enum class kind {
        none,
        delay,    // everything arrives `pause` later
        throttle, // `bytes_per_second`
        split,    // each piece in two, cut at every byte in turn, a pause of 1 ms between
        trickle,  // byte by byte
        reset, // RST to both sides at the reply number `replies` from now on; 0: at once and of each new one
        black_hole, // nothing arrives, and nothing is lost: it arrives when the fault is over
        half_open,  // the backend's side is closed, the service's is not told: for ever, of these connections
    };

    kind what = kind::none;
    std::chrono::milliseconds pause{0};
    std::size_t bytes_per_second = 0;
    std::size_t replies = 0;
};

/// Listens on 127.0.0.1; all is done by a thread of its own. A backend that cannot be reached is a reset.
class fault_proxy {
public:
    explicit fault_proxy(std::uint16_t backend);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    /// In force when it returns, for connections that are there and new ones.
    void set(link_fault fault);

    void heal() { set({}); }

    /// RST to both sides of each connection that is there.
    void reset();
    /// Where new connections go.
    void lead_to(std::uint16_t backend);

private:
    using tcp = boost::asio::ip::tcp;
    using kind = link_fault::kind;
    struct link;
    struct piece;

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(std::shared_ptr<link> path);
    boost::asio::awaitable<void> pump(std::shared_ptr<link> path, bool replies);
    boost::asio::awaitable<bool> deliver(link& path, tcp::socket& to, std::string_view bytes);
    boost::asio::awaitable<void> while_black_hole();
    piece next_piece(link& path, std::size_t bytes, bool first) const;
    void begin(link_fault fault);
    template <class Action>
    void on_thread(Action action);
    template <class Action>
    void each_link(Action action);

    boost::asio::io_context context_{1};
    tcp::acceptor acceptor_;
    boost::asio::steady_timer changed_; // never expires, cancelled when the fault changes
    std::uint16_t port_;
    tcp::endpoint backend_;
    link_fault fault_;
    std::vector<std::weak_ptr<link>> links_;
    std::thread thread_;
};

} // namespace beastmark::testing
