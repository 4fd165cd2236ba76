// One request over HTTP/1.1 on a connection of its own, and its answer.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace beastmark::loadgen {

struct http_reply {
    unsigned status = 0; // 0: none came
    std::string body;
    std::string error; // of the connection, when none came
};

/// Ends at the deadline at the latest. A body of more than `limit_bytes` is an error.
template <class Body>
boost::asio::awaitable<http_reply>
exchange(boost::asio::ip::tcp::resolver::results_type addresses, boost::beast::http::request<Body> request,
         std::chrono::steady_clock::time_point deadline, std::size_t limit_bytes) {
    namespace http = boost::beast::http;
    constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);
    boost::beast::tcp_stream stream(co_await boost::asio::this_coro::executor);
    stream.expires_at(deadline); // for all that follows
    const auto [refused, address] = co_await stream.async_connect(addresses, as_result);
    if (refused)
        co_return http_reply{0, {}, "connect: " + refused.message()};
    const auto [write_error, written] = co_await http::async_write(stream, request, as_result);
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(limit_bytes);
    // Also when not all was written: who refuses a body may say why.
    const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, as_result);
    if (read_error)
        co_return http_reply{
            0, {}, write_error ? "write: " + write_error.message() : "read: " + read_error.message()};
    co_return http_reply{parser.get().result_int(), std::move(parser.get().body()), {}};
}

} // namespace beastmark::loadgen
