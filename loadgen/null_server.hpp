// The least an HTTP server can do, for `loadgen doctor`: the same bytes for every GET. What a load generator
// measures against it is its own limit and the machine's.
#pragma once

#include "common/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace beastmark::loadgen {

/// Counts complete request heads in the bytes of a connection, in whichever pieces they come: each ends with
/// an empty line. Of requests without a body only.
class head_counter {
public:
    /// How many heads end in `bytes`.
    std::size_t take(std::string_view bytes) noexcept;

private:
    std::size_t matched_ = 0; // how much of CR LF CR LF was seen last
};

/// The bytes that a connection is still to be sent: answers are all alike, so a count tells which.
class answers_owed {
public:
    void add(std::size_t answers) noexcept;

    [[nodiscard]] bool none() const noexcept { return bytes_ == 0; }

    /// What is to be sent next, a few KiB at most; empty when none.
    [[nodiscard]] std::string_view next() const;

    /// So many bytes of next() were sent.
    void sent(std::size_t bytes) noexcept { bytes_ -= bytes; }

private:
    std::size_t bytes_ = 0;
};

/// Listens on 127.0.0.1 from its making to its end, on a port that the kernel chooses, with one thread of its
/// own, which may run where the thread that makes it may. HTTP pipelining is answered; a client that does not
/// read its answers is not read from.
class null_server {
public:
    /// Throws std::system_error.
    null_server();

    null_server(const null_server&) = delete;
    null_server& operator=(const null_server&) = delete;

    /// Closes all connections.
    ~null_server();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// "http://127.0.0.1:PORT/".
    [[nodiscard]] std::string url() const;

private:
    struct connection {
        explicit connection(int number) : socket(number, "accept") {}

        descriptor socket;
        head_counter heads{};
        answers_owed owed{};
        bool blocked = false; // waits for the client to read
    };

    void listen();
    void watch(int number, std::uint32_t events) const;
    void serve();
    void accept_all();
    void serve(connection& peer, std::uint32_t events);
    static bool receive(connection& peer);
    static bool send(connection& peer);

    descriptor listener_;
    descriptor epoll_;
    descriptor end_; // an eventfd
    std::uint16_t port_ = 0;
    bool full_ = false; // out of descriptors: it does not listen until a connection ends
    std::unordered_map<int, std::unique_ptr<connection>> connections_; // the thread's own
    std::thread thread_;
};

} // namespace beastmark::loadgen
