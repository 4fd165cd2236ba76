// What ingest stands on in a chaos test: a PostgreSQL and a memcached of its own, each behind a proxy.
#pragma once

#include "tests/chaos/fault_proxy.hpp"
#include "tests/chaos/ledger.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::testing {

/// Where ingest and strangers may be together: for the tests that fill it.
inline constexpr int max_sessions = 24;

class backends {
public:
    /// With the table, made by ingest --init-schema. ingest's role is no superuser: limits hold for it.
    backends();

    postgres_cluster postgres{{.settings = {"max_connections=" + std::to_string(max_sessions)}}};
    memcached_server memcached;
    fault_proxy postgres_link{postgres.port()};
    fault_proxy memcached_link{memcached.port()};

    /// Through the proxy, what ingest is given.
    std::string connection_string() const;
    void make_table();

    /// The table's, and those of the tables put aside by drop_table(), from this mac on.
    std::vector<told_device> rows_from(const std::string& mac);
    /// Their rows are kept aside.
    void drop_table();

    void end_sessions();
    /// Waits until a statement of ingest's role is possible, and no earlier one runs any more.
    void await_postgres();
    void await_memcached() const;

    /// As many sessions of another role as the server gives.
    void fill_postgres();
    void leave_postgres();

    /// Puts another memcached in place of the first, with these options, and takes it away again.
    void replace_memcached(std::vector<std::string> options);
    void restore_memcached();
    /// No more room for an entry of the size of a device, until flush_memcached().
    void fill_memcached();
    void flush_memcached();
    /// More connections than it takes.
    void crowd_memcached();

    void leave_memcached() { memcached_crowd_.clear(); }

private:
    using session = std::unique_ptr<PGconn, decltype(&::PQfinish)>;

    std::optional<memcached_server> other_memcached_;
    std::vector<session> postgres_crowd_;
    std::vector<http_client> memcached_crowd_;
};

} // namespace beastmark::testing
