// A private memcached on a port of its own.
#pragma once

#include "tests/support/process.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace beastmark::testing {

class memcached_server {
public:
    /// Starts it with further options, e.g. {"-m", "16"}. Throws std::runtime_error.
    explicit memcached_server(std::vector<std::string> options = {});

    /// Returns when it answers; the port stays the same from one start to the next, the entries do not.
    void start();
    void stop();

    /// SIGSTOP: it still accepts connections (the kernel does) and answers nothing.
    void freeze() { testing::freeze(server_.pid()); }

    void thaw() { server_.signal(SIGCONT); }

    std::uint16_t port() const noexcept { return port_; }

    ::pid_t pid() const noexcept { return server_.pid(); }

    /// "127.0.0.1:PORT", what --memcached takes.
    std::string address() const;

private:
    bool try_start();

    std::vector<std::string> options_;
    std::uint16_t port_ = 0;
    bool started_once_ = false;
    process server_;
};

} // namespace beastmark::testing
