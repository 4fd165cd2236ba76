#include "tests/chaos/fault_proxy.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <utility>

namespace beastmark::testing {

namespace asio = boost::asio;

namespace {

using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

tcp::endpoint on_loopback(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

void abort(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored); // RST instead of FIN
    socket.close(ignored);
}

asio::awaitable<void> pass(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(as_result);
}

} // namespace

struct fault_proxy::link {
    explicit link(tcp::socket accepted) : service(std::move(accepted)), backend(service.get_executor()) {}

    void reset() {
        abort(service);
        abort(backend);
    }

    tcp::socket service;
    tcp::socket backend;
    std::size_t replies = 0; // since the fault was set
    std::size_t cuts = 0;
    bool half_open = false;
};

/// What of some bytes goes out together, and what is waited for before and after.
struct fault_proxy::piece {
    std::size_t size;
    std::chrono::milliseconds before{0};
    std::chrono::milliseconds after{0};
};

fault_proxy::fault_proxy(std::uint16_t backend)
    : acceptor_(context_, on_loopback(0)),
      changed_(context_, asio::steady_timer::time_point::max()),
      port_(acceptor_.local_endpoint().port()),
      backend_(on_loopback(backend)) {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

fault_proxy::~fault_proxy() {
    context_.stop();
    thread_.join();
}

template <class Action>
void fault_proxy::on_thread(Action action) {
    asio::post(context_, asio::use_future(std::move(action))).get();
}

template <class Action>
void fault_proxy::each_link(Action action) {
    std::erase_if(links_, [](const auto& path) { return path.expired(); });
    for (const auto& weak : links_)
        if (const auto path = weak.lock())
            action(*path);
}

void fault_proxy::set(link_fault fault) {
    on_thread([this, fault] { begin(fault); });
}

void fault_proxy::reset() {
    on_thread([this] { each_link([](link& path) { path.reset(); }); });
}

void fault_proxy::lead_to(std::uint16_t backend) {
    on_thread([this, backend] { backend_ = on_loopback(backend); });
}

void fault_proxy::begin(link_fault fault) {
    fault_ = fault;
    each_link([&](link& path) {
        path.replies = 0;
        if (fault.what == kind::reset && fault.replies == 0)
            path.reset();
        if (fault.what == kind::half_open) {
            path.half_open = true;
            abort(path.backend);
        }
    });
    changed_.cancel();
}

asio::awaitable<void> fault_proxy::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor_.async_accept(as_result);
        if (error)
            continue;
        auto accepted = std::make_shared<link>(std::move(socket));
        links_.push_back(accepted);
        asio::co_spawn(context_, serve(std::move(accepted)), asio::detached);
    }
}

asio::awaitable<void> fault_proxy::serve(std::shared_ptr<link> path) {
    co_await while_black_hole();
    if (fault_.what == kind::reset && fault_.replies == 0) {
        path->reset();
        co_return;
    }
    path->half_open = fault_.what == kind::half_open;
    if (!path->half_open) {
        const auto [error] = co_await path->backend.async_connect(backend_, as_result);
        if (error && !path->half_open) {
            path->reset();
            co_return;
        }
        boost::system::error_code ignored;
        path->service.set_option(tcp::no_delay(true), ignored);
        path->backend.set_option(tcp::no_delay(true), ignored);
        asio::co_spawn(context_, pump(path, true), asio::detached);
    }
    co_await pump(std::move(path), false);
}

/// Until a side ends. Of a half-open link what comes from the service is read and forgotten.
asio::awaitable<void> fault_proxy::pump(std::shared_ptr<link> path, bool replies) {
    auto& from = replies ? path->backend : path->service;
    auto& to = replies ? path->service : path->backend;
    std::array<char, 16384> block;
    for (;;) {
        const auto [error, size] = co_await from.async_read_some(asio::buffer(block), as_result);
        co_await while_black_hole();
        if (path->half_open && (replies || error))
            co_return;
        if (path->half_open)
            continue;
        if (error == asio::error::eof) {
            boost::system::error_code ignored;
            to.shutdown(tcp::socket::shutdown_send, ignored);
            co_return;
        }
        if (error || (replies && fault_.what == kind::reset && ++path->replies >= fault_.replies)) {
            path->reset();
            co_return;
        }
        if (!co_await deliver(*path, to, {block.data(), size}) && !path->half_open) {
            path->reset();
            co_return;
        }
    }
}

/// False when the side has gone. The fault may change meanwhile.
asio::awaitable<bool> fault_proxy::deliver(link& path, tcp::socket& to, std::string_view bytes) {
    for (bool first = true; !bytes.empty(); first = false) {
        co_await while_black_hole();
        const auto [size, before, after] = next_piece(path, bytes.size(), first);
        if (before > 0ms)
            co_await pass(before);
        const auto [error, sent] =
            co_await asio::async_write(to, asio::buffer(bytes.substr(0, size)), as_result);
        if (error)
            co_return false;
        bytes.remove_prefix(sent);
        if (after > 0ms && !bytes.empty())
            co_await pass(after);
    }
    co_return true;
}

fault_proxy::piece fault_proxy::next_piece(link& path, std::size_t bytes, bool first) const {
    switch (fault_.what) {
    case kind::delay:
        return {.size = bytes, .before = fault_.pause};
    case kind::throttle:
        return {.size = std::clamp<std::size_t>(fault_.bytes_per_second / 100, 1, bytes), .before = 10ms};
    case kind::split:
        return {.size = first ? 1 + path.cuts++ % bytes : bytes, .after = 1ms};
    case kind::trickle:
        return {.size = 1};
    default:
        return {.size = bytes};
    }
}

asio::awaitable<void> fault_proxy::while_black_hole() {
    while (fault_.what == kind::black_hole)
        co_await changed_.async_wait(as_result);
}

} // namespace beastmark::testing
