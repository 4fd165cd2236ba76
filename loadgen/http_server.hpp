// A small HTTP/1.1 server for what is asked beside the load: one thread, routes by path, a bound for
// everything that a stranger may send.
#pragma once

#include "loadgen/metrics_endpoint.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace beastmark::loadgen {

class http_server {
public:
    /// Listens. Throws boost::system::system_error.
    explicit http_server(const boost::asio::ip::tcp::endpoint& where);

    /// Ends all connections and joins the thread.
    ~http_server();

    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    /// Any thread.
    void route(std::string path, http_route to);

private:
    using route_pointer = std::shared_ptr<const http_route>;

    void run();
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> converse(boost::beast::tcp_stream stream);
    boost::asio::awaitable<bool> answer_one(boost::beast::tcp_stream& stream,
                                            boost::beast::flat_buffer& buffer);
    [[nodiscard]] route_pointer find(std::string_view target) const;

    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_;
    std::size_t open_ = 0;
    std::size_t promised_bytes_ = 0; // of bodies that are being read, at most
    mutable std::mutex mutex_;       // of routes_
    std::map<std::string, route_pointer, std::less<>> routes_;
    std::thread thread_;
};

} // namespace beastmark::loadgen
