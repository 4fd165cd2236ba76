#include "loadgen/http_server.hpp"

#include "common/thread_priority.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <tuple>
#include <utility>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::uint32_t longest_head = 8192;

// Shards of a test ask at once, each on a connection.
constexpr std::size_t most_connections = 1024;

// Of bodies that are being read, whoever sends them: two of the longest.
constexpr std::size_t most_promised_bytes = 512 << 20;

// For a request from its first byte waited for, and for an answer; a body of megabytes has longer.
constexpr auto patience = 10s;
constexpr auto patience_with_bodies = 60s;

// For a client to have read an answer that ends the connection.
constexpr auto linger = 2s;

http_answer call(const http_route& to, const std::string& body) {
    try {
        return to.answer(body);
    } catch (const std::exception& failure) {
        return {500, "text/plain; charset=utf-8", failure.what() + std::string("\n")};
    }
}

// A part of a bound, until its end.
class share {
public:
    share(std::size_t& taken, std::size_t bytes) : taken_(taken), bytes_(bytes) { taken_ += bytes_; }

    ~share() { taken_ -= bytes_; }

    share(const share&) = delete;
    share& operator=(const share&) = delete;

private:
    std::size_t& taken_;
    std::size_t bytes_;
};

http_answer without_body(const http_route* to, std::string_view method) {
    if (to == nullptr)
        return {404, "text/plain; charset=utf-8", "there is nothing here\n"};
    if (method != to->method)
        return {405, "text/plain; charset=utf-8", "ask with " + to->method + "\n"};
    return {413, "text/plain; charset=utf-8",
            "a body of at most " + std::to_string(to->most_body_bytes) + " bytes\n"};
}

} // namespace

http_server::http_server(const asio::ip::tcp::endpoint& where) : acceptor_(context_, where) {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { run(); });
}

http_server::~http_server() {
    context_.stop();
    thread_.join();
}

void http_server::run() {
    give_way(); // the load comes first
    context_.run();
}

void http_server::route(std::string path, http_route to) {
    auto made = std::make_shared<const http_route>(std::move(to));
    const std::lock_guard lock(mutex_);
    routes_.insert_or_assign(std::move(path), std::move(made));
}

http_server::route_pointer http_server::find(std::string_view target) const {
    const std::lock_guard lock(mutex_);
    const auto found = routes_.find(target.substr(0, target.find('?')));
    return found == routes_.end() ? nullptr : found->second;
}

asio::awaitable<void> http_server::accept() {
    for (;;) {
        auto [code, socket] = co_await acceptor_.async_accept(as_result);
        if (code) { // no descriptor is left, or the peer has gone
            asio::steady_timer pause(context_, 50ms);
            co_await pause.async_wait(as_result);
        } else if (open_ < most_connections) {
            asio::co_spawn(context_, converse(beast::tcp_stream(std::move(socket))), asio::detached);
        }
    }
}

asio::awaitable<void> http_server::converse(beast::tcp_stream stream) {
    ++open_;
    beast::flat_buffer buffer;
    while (co_await answer_one(stream, buffer)) {
    }
    // Closed while there is something unread it would be reset, and an answer lost: RFC 9112 section 9.6.
    boost::system::error_code over;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, over);
    stream.expires_after(linger);
    std::array<char, 4096> unread{};
    while (!over)
        std::tie(over, std::ignore) = co_await stream.async_read_some(asio::buffer(unread), as_result);
    --open_;
}

// False: the connection ends.
asio::awaitable<bool> http_server::answer_one(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(longest_head);
    parser.body_limit(boost::none); // known when the path is
    stream.expires_after(patience);
    if (const auto [code, size] = co_await http::async_read_header(stream, buffer, parser, as_result); code)
        co_return false;
    const auto to = find({parser.get().target().data(), parser.get().target().size()});
    const std::string_view method(parser.get().method_string().data(), parser.get().method_string().size());
    http_answer said;
    auto keep = parser.get().keep_alive();
    const auto promised = parser.chunked() && to ? to->most_body_bytes : parser.content_length().value_or(0);
    if (!to || method != to->method || promised > to->most_body_bytes) {
        said = without_body(to.get(), method);
        keep = keep && parser.is_done();
    } else if (promised > most_promised_bytes - promised_bytes_) {
        said = {503, "text/plain; charset=utf-8", "others are sending: ask again\n"};
        keep = false;
    } else {
        const share held(promised_bytes_, promised);
        parser.body_limit(to->most_body_bytes);
        stream.expires_after(to->most_body_bytes > longest_head ? patience_with_bodies : patience);
        const auto [code, size] = co_await http::async_read(stream, buffer, parser, as_result);
        if (code && code != http::error::body_limit)
            co_return false;
        said = code ? without_body(to.get(), method) : call(*to, parser.get().body());
        keep = keep && !code;
    }
    http::response<http::string_body> response(static_cast<http::status>(said.status), 11);
    response.set(http::field::content_type, said.type);
    response.body() = std::move(said.body);
    response.keep_alive(keep);
    response.prepare_payload();
    stream.expires_after(patience_with_bodies);
    const auto [code, size] = co_await http::async_write(stream, response, as_result);
    if (!code && said.status == 200 && to && to->sent)
        to->sent();
    co_return !code && keep;
}

} // namespace beastmark::loadgen
