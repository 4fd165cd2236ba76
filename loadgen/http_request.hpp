// One request over HTTP/1.1 and its answer, for those who may wait for it.
#pragma once

#include "loadgen/http_exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace beastmark::loadgen {

template <class Body>
boost::asio::awaitable<void>
resolve_and_exchange(std::string host, std::string port, boost::beast::http::request<Body> request,
                     std::chrono::nanoseconds patience, std::size_t limit_bytes, http_reply& into) {
    constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);
    boost::asio::ip::tcp::resolver resolver(co_await boost::asio::this_coro::executor);
    const auto [unknown, addresses] = co_await resolver.async_resolve(host, port, as_result);
    if (unknown)
        into.error = "resolve: " + unknown.message();
    else
        into = co_await exchange(addresses, std::move(request), std::chrono::steady_clock::now() + patience,
                                 limit_bytes);
}

/// Blocks. The name is looked up each time: that alone may outlast `patience`, by what the resolver takes. A
/// body of more than `limit_bytes` is an error.
template <class Body>
http_reply exchange_and_wait(std::string host, std::string port, boost::beast::http::request<Body> request,
                             std::chrono::nanoseconds patience, std::size_t limit_bytes) {
    http_reply reply;
    boost::asio::io_context context(1);
    boost::asio::co_spawn(context,
                          resolve_and_exchange(std::move(host), std::move(port), std::move(request), patience,
                                               limit_bytes, reply),
                          boost::asio::detached);
    context.run();
    return reply;
}

} // namespace beastmark::loadgen
