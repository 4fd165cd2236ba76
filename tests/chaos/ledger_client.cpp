#include "tests/chaos/ledger_client.hpp"

#include "tests/support/http_client.hpp"
#include "tests/support/wait.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace beastmark::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using clock = std::chrono::steady_clock;

told_device read_device(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    try {
        return {.id = json.at("id"), .uuid = json.at("uuid"), .mac = json.at("mac")};
    } catch (const nlohmann::json::exception&) {
        return {}; // which no row is: the ledger finds it
    }
}

asio::awaitable<void> pass_until(clock::time_point time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

} // namespace

std::string mac_of(std::uint64_t number) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string mac;
    for (int shift = 44; shift >= 0; shift -= 4) {
        mac += digits[number >> shift & 0xF];
        if (shift % 8 == 0 && shift > 0)
            mac += '-';
    }
    return mac;
}

ledger_client::ledger_client(std::uint16_t port, std::uint64_t first, ledger_load load)
    : port_(port), first_(first), load_(load) {
    for (std::size_t i = 0; i < load_.connections; ++i)
        asio::co_spawn(context_, converse(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

ledger_client::~ledger_client() {
    finish();
}

std::vector<ledger_entry> ledger_client::finish() {
    stop_ = true;
    if (thread_.joinable())
        thread_.join();
    return look([](const auto& entries) { return entries; });
}

/// Connections one after the other: a new one when the last was lost.
asio::awaitable<void> ledger_client::converse() {
    const std::chrono::duration<double> interval(static_cast<double>(load_.connections * load_.pipelined) /
                                                 load_.requests_per_s);
    auto due = clock::now();
    while (!stop_) {
        boost::beast::tcp_stream stream(co_await asio::this_coro::executor);
        boost::beast::flat_buffer buffer;
        try {
            co_await stream.async_connect({asio::ip::address_v4::loopback(), port_}, asio::use_awaitable);
            while (!stop_) {
                co_await pass_until(due);
                due = std::max(due + std::chrono::duration_cast<clock::duration>(interval), clock::now());
                co_await exchange(stream, buffer);
            }
        } catch (const boost::system::system_error&) {
            ++broken_;
            due = clock::now() + 10ms;
        }
    }
}

asio::awaitable<void> ledger_client::exchange(boost::beast::tcp_stream& stream,
                                              boost::beast::flat_buffer& buffer) {
    const auto [first, bytes] = open_entries();
    stream.expires_after(patience);
    co_await asio::async_write(stream, asio::buffer(bytes), asio::use_awaitable);
    for (std::size_t i = 0; i < load_.pipelined; ++i) {
        response answer;
        stream.expires_after(patience);
        co_await http::async_read(stream, buffer, answer, asio::use_awaitable);
        close_entry(first + i, answer);
    }
}

/// The index of the first of them, and the requests.
std::pair<std::size_t, std::string> ledger_client::open_entries() {
    const std::lock_guard lock(mutex_);
    const auto first = entries_.size();
    const auto now = clock::now();
    std::string bytes;
    for (std::size_t i = 0; i < load_.pipelined; ++i) {
        const auto mac = mac_of(first_ + entries_.size());
        bytes += request("POST", "/api/devices", R"({"mac":")" + mac + R"(","firmware":"2.1.5"})");
        entries_.push_back({.mac = mac, .sent = now});
    }
    return {first, std::move(bytes)};
}

void ledger_client::close_entry(std::size_t index, const response& answer) {
    const std::lock_guard lock(mutex_);
    auto& entry = entries_[index];
    entry.answered = clock::now();
    entry.status = answer.result_int();
    entry.retryable = answer.count(http::field::retry_after) > 0;
    entry.cached = answer["X-Cache"] == "stored";
    if (entry.status == 201)
        entry.told = read_device(answer.body());
}

} // namespace beastmark::testing
