#include "loadgen/http_post.hpp"

#include "common/version.hpp"
#include "loadgen/http_request.hpp"

#include <boost/beast/http/span_body.hpp>

#include <cstddef>
#include <utility>

namespace beastmark::loadgen {

http_reply post(const host_and_port& where, const std::string& path, std::string_view body,
                std::chrono::nanoseconds patience) {
    namespace http = boost::beast::http;
    constexpr std::size_t longest_answer = 65536;
    http::request<http::span_body<const char>> request(http::verb::post, path, 11);
    request.set(http::field::host, where.host);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = {body.data(), body.size()};
    request.prepare_payload();
    return exchange_and_wait(where.host, std::to_string(where.port), std::move(request), patience,
                             longest_answer);
}

} // namespace beastmark::loadgen
