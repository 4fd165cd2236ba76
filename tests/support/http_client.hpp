// A raw HTTP/1.x client: what is sent is exactly what the test wrote, what arrives is taken apart strictly.
#pragma once

#include "tests/support/wait.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::testing {

struct http_response {
    std::string version; // "HTTP/1.1"
    int status = 0;
    std::string reason;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    /// The value of the first field of that name (case-insensitive).
    std::optional<std::string> header(std::string_view name) const;
    std::size_t count(std::string_view name) const;
};

/// The peer closed or reset, a deadline passed, or the answer is not HTTP.
class http_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// How the peer ended its side.
enum class ending { open, closed, reset };

/// One blocking connection; every wait has a deadline. Not thread-safe.
class http_client {
public:
    /// Throws http_error when nothing listens. `receive_buffer` in bytes makes a slow reader: SO_RCVBUF.
    explicit http_client(std::uint16_t port, const std::string& host = "127.0.0.1", int receive_buffer = 0);
    ~http_client();
    http_client(http_client&& other) noexcept;
    http_client& operator=(http_client&& other) noexcept;

    /// Sends all of it. Throws http_error when the peer has gone or does not read.
    void send(std::string_view bytes);
    /// The same, but false instead of an exception.
    bool try_send(std::string_view bytes);
    /// The pieces one after the other, each in a segment of its own.
    void send_fragments(const std::vector<std::string_view>& pieces);

    /// One response, interim ones (1xx) too. `to_head`: the request was HEAD, no body follows.
    http_response receive(bool to_head = false, std::chrono::milliseconds deadline = patience);
    /// All bytes until the peer closes. Throws http_error when it resets or stays open.
    std::string receive_to_end(std::chrono::milliseconds deadline = patience);
    /// Bytes that are here within the deadline, parsed or not; empty when none.
    std::string receive_some(std::chrono::milliseconds deadline);

    /// Waits for the peer to end the connection; bytes that arrive before are kept for receive().
    ending wait_for_end(std::chrono::milliseconds deadline = patience);
    /// No more requests from here: FIN.
    void finish_sending();
    /// RST instead of FIN on close.
    void abort();

    /// Bytes received that no receive() has consumed.
    const std::string& pending() const noexcept { return buffer_; }

private:
    bool fill(std::chrono::steady_clock::time_point deadline);
    void need(std::size_t size, std::chrono::steady_clock::time_point deadline);
    std::string take_line(std::chrono::steady_clock::time_point deadline);
    std::string take(std::size_t size, std::chrono::steady_clock::time_point deadline);
    std::string take_chunked(std::chrono::steady_clock::time_point deadline);

    int fd_ = -1;
    std::string buffer_;
    ending ending_ = ending::open;
};

/// "METHOD target HTTP/1.1" with Host, Content-Length where there is a body, and further header lines
/// (each without CRLF).
std::string request(std::string_view method, std::string_view target, std::string_view body = {},
                    const std::vector<std::string>& headers = {});

/// One request on a connection of its own.
http_response fetch(std::uint16_t port, std::string_view method, std::string_view target,
                    std::string_view body = {}, const std::vector<std::string>& headers = {});

} // namespace beastmark::testing
