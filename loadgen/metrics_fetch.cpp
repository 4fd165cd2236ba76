#include "loadgen/metrics_fetch.hpp"

#include "common/version.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace beastmark::loadgen {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

http::request<http::empty_body> make_request(const scrape_spec& spec) {
    http::request<http::empty_body> request(http::verb::get, spec.path, 11);
    const bool ip6 = spec.host.find(':') != std::string::npos;
    request.set(http::field::host, (ip6 ? "[" + spec.host + "]" : spec.host) + ":" + spec.port);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::accept, "text/plain; version=0.0.4");
    request.set(http::field::connection, "close");
    return request;
}

std::string describe(const char* what, const boost::system::error_code& error) {
    return std::string(what) + ": " + error.message();
}

} // namespace

asio::awaitable<fetched_page> fetch_page(const scrape_spec& spec,
                                         asio::ip::tcp::resolver::results_type addresses,
                                         std::chrono::steady_clock::time_point deadline,
                                         std::size_t limit_bytes) {
    constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_at(deadline); // for all that follows
    const auto [connect_error, address] = co_await stream.async_connect(addresses, as_result);
    if (connect_error)
        co_return fetched_page{{}, describe("connect", connect_error)};

    const auto request = make_request(spec);
    const auto [write_error, written] = co_await http::async_write(stream, request, as_result);
    if (write_error)
        co_return fetched_page{{}, describe("write", write_error)};

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(limit_bytes);
    const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, as_result);
    if (read_error)
        co_return fetched_page{{}, describe("read", read_error)};
    if (parser.get().result_int() != 200)
        co_return fetched_page{{}, "status " + std::to_string(parser.get().result_int())};
    co_return fetched_page{std::move(parser.get().body()), {}};
}

} // namespace beastmark::loadgen
