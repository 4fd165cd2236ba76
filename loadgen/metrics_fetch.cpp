#include "loadgen/metrics_fetch.hpp"

#include "common/version.hpp"
#include "loadgen/http_exchange.hpp"

#include <boost/beast/http/empty_body.hpp>

#include <utility>

namespace beastmark::loadgen {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

http::request<http::empty_body> make_request(const scrape_spec& spec) {
    http::request<http::empty_body> request(http::verb::get, spec.path, 11);
    const bool ip6 = spec.host.find(':') != std::string::npos;
    request.set(http::field::host, (ip6 ? "[" + spec.host + "]" : spec.host) + ":" + spec.port);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::accept, "text/plain; version=0.0.4");
    request.set(http::field::connection, "close");
    return request;
}

} // namespace

asio::awaitable<fetched_page> fetch_page(const scrape_spec& spec,
                                         asio::ip::tcp::resolver::results_type addresses,
                                         std::chrono::steady_clock::time_point deadline,
                                         std::size_t limit_bytes) {
    auto reply = co_await exchange(std::move(addresses), make_request(spec), deadline, limit_bytes);
    if (reply.status == 0)
        co_return fetched_page{{}, std::move(reply.error)};
    if (reply.status != 200)
        co_return fetched_page{{}, "status " + std::to_string(reply.status)};
    co_return fetched_page{std::move(reply.body), {}};
}

} // namespace beastmark::loadgen
