#include "loadgen/http_post.hpp"

#include "common/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/span_body.hpp>

#include <cstddef>
#include <utility>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t longest_answer = 65536;

asio::awaitable<void> resolve_and_post(const host_and_port& where, const std::string& path,
                                       std::string_view body, std::chrono::nanoseconds patience,
                                       http_reply& into) {
    constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto [unknown, addresses] =
        co_await resolver.async_resolve(where.host, std::to_string(where.port), as_result);
    if (unknown) {
        into.error = "resolve: " + unknown.message();
        co_return;
    }
    http::request<http::span_body<const char>> request(http::verb::post, path, 11);
    request.set(http::field::host, where.host);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = {body.data(), body.size()};
    request.prepare_payload();
    into = co_await exchange(addresses, std::move(request), std::chrono::steady_clock::now() + patience,
                             longest_answer);
}

} // namespace

http_reply post(const host_and_port& where, const std::string& path, std::string_view body,
                std::chrono::nanoseconds patience) {
    http_reply reply;
    asio::io_context context(1);
    asio::co_spawn(context, resolve_and_post(where, path, body, patience, reply), asio::detached);
    context.run();
    return reply;
}

} // namespace beastmark::loadgen
