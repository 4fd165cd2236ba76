#include "loadgen/http_post.hpp"

#include "common/version.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::uint64_t longest_answer = 65536;

asio::awaitable<void> exchange(const host_and_port& where, const std::string& path, std::string_view body,
                               std::chrono::nanoseconds patience, post_answer& into) {
    constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    const auto [unknown, addresses] =
        co_await resolver.async_resolve(where.host, std::to_string(where.port), as_result);
    if (unknown) {
        into.error = "resolve: " + unknown.message();
        co_return;
    }
    beast::tcp_stream stream(executor);
    stream.expires_after(patience); // for all that follows
    const auto [refused, address] = co_await stream.async_connect(addresses, as_result);
    if (refused) {
        into.error = "connect: " + refused.message();
        co_return;
    }
    http::request<http::span_body<const char>> request(http::verb::post, path, 11);
    request.set(http::field::host, where.host);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = {body.data(), body.size()};
    request.prepare_payload();
    const auto [write_error, written] = co_await http::async_write(stream, request, as_result);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(longest_answer);
    // Also when not all was written: who refuses a body may say why.
    const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, as_result);
    if (read_error) {
        into.error = write_error ? "write: " + write_error.message() : "read: " + read_error.message();
        co_return;
    }
    into.status = parser.get().result_int();
    into.body = std::move(parser.get().body());
}

} // namespace

post_answer post(const host_and_port& where, const std::string& path, std::string_view body,
                 std::chrono::nanoseconds patience) {
    post_answer answer;
    asio::io_context context(1);
    asio::co_spawn(context, exchange(where, path, body, patience, answer), asio::detached);
    context.run();
    return answer;
}

} // namespace beastmark::loadgen
