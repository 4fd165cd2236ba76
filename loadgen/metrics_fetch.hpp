// Fetches one page over HTTP/1.1, on a connection of its own, before a deadline.
#pragma once

#include "loadgen/observed_spec.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace beastmark::loadgen {

struct fetched_page {
    std::string body;
    std::string error; // empty: the body is that of a 200
};

/// `spec` must outlive the call. Answers at the deadline at the latest.
boost::asio::awaitable<fetched_page> fetch_page(const scrape_spec& spec,
                                                boost::asio::ip::tcp::resolver::results_type addresses,
                                                std::chrono::steady_clock::time_point deadline,
                                                std::size_t limit_bytes);

} // namespace beastmark::loadgen
