// A private PostgreSQL cluster: own data directory, own port, gone at the end of the test.
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace beastmark::testing {

struct postgres_options {
    std::vector<std::string> settings = {}; // "max_connections=20"
    std::string password = {};              // not empty: TCP connections need it (scram-sha-256)
    std::string configuration = {};         // a file whose lines are added to postgresql.conf
};

/// Rows of text; NULL is "<null>".
using postgres_rows = std::vector<std::vector<std::string>>;

class postgres_cluster {
public:
    enum class shutdown { fast, immediate };

    /// initdb (as the user postgres when called as root) and start. Throws std::runtime_error with the
    /// server's log when that fails. synchronous_commit is on, as everywhere.
    explicit postgres_cluster(postgres_options options = {});
    ~postgres_cluster();
    postgres_cluster(const postgres_cluster&) = delete;
    postgres_cluster& operator=(const postgres_cluster&) = delete;

    /// Returns when it accepts connections; the port stays the same from one start to the next.
    void start();
    /// fast: sessions are ended, then a checkpoint; immediate: as in a crash.
    void stop(shutdown how = shutdown::fast);
    void restart(shutdown how = shutdown::fast);
    /// SIGSTOP and SIGCONT to the server and all its sessions: alive, but silent.
    void freeze();
    void thaw();

    std::uint16_t port() const noexcept { return port_; }

    /// What a service is given: TCP, user postgres, database postgres, no password in it.
    std::string connection_string() const;
    /// The same as a URI.
    std::string uri() const;
    /// Through the unix socket, never with a password.
    std::string socket_connection_string() const;

    /// One statement on a connection of its own. Throws std::runtime_error.
    postgres_rows query(const std::string& sql);
    /// The first column of the first row.
    std::string value(const std::string& sql);
    std::int64_t count(const std::string& table);

    std::string log() const { return server_.err(); }

private:
    void initialise();
    bool try_start();
    std::vector<::pid_t> sessions() const;

    postgres_options options_;
    temporary_directory directory_;
    std::uint16_t port_ = 0;
    bool started_once_ = false;
    process server_;
};

} // namespace beastmark::testing
