// A client of ingest that keeps every answer: each device it posts has a mac of its own.
#pragma once

#include "tests/chaos/ledger.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace beastmark::testing {

struct ledger_load {
    std::size_t connections = 8;
    std::size_t pipelined = 8;    // requests sent together; the next when all are answered
    double requests_per_s = 2000; // at most
};

/// The mac of a number, and the order of the numbers is that of the texts.
std::string mac_of(std::uint64_t number);

/// Posts from construction until finish(), by a thread of its own.
class ledger_client {
public:
    /// The macs are those of `first`, `first` + 1 and so on.
    ledger_client(std::uint16_t port, std::uint64_t first, ledger_load load);
    ~ledger_client();
    ledger_client(const ledger_client&) = delete;
    ledger_client& operator=(const ledger_client&) = delete;

    /// What `look` says of the entries so far, in the order of sending; those in flight have no answer yet.
    template <class Look>
    auto look(Look look) const {
        const std::lock_guard lock(mutex_);
        return look(entries_);
    }

    /// Sends no more, waits for what is in flight, 20 s at most for each answer.
    std::vector<ledger_entry> finish();

    /// Connections that were refused, or that ended with requests of theirs unanswered.
    std::size_t broken() const { return broken_; }

private:
    using response = boost::beast::http::response<boost::beast::http::string_body>;

    boost::asio::awaitable<void> converse();
    boost::asio::awaitable<void> exchange(boost::beast::tcp_stream& stream,
                                          boost::beast::flat_buffer& buffer);
    std::pair<std::size_t, std::string> open_entries();
    void close_entry(std::size_t index, const response& answer);

    boost::asio::io_context context_{1};
    std::uint16_t port_;
    std::uint64_t first_;
    ledger_load load_;
    std::atomic<bool> stop_ = false;
    std::atomic<std::size_t> broken_ = 0;
    mutable std::mutex mutex_;
    std::vector<ledger_entry> entries_;
    std::thread thread_;
};

} // namespace beastmark::testing
