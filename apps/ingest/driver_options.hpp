// What ingest is told about its backends, whichever driver it uses.
#pragma once

#include "ingest/connection_shortage.hpp"
#include "ingest/device_insertion.hpp"
#include "ingest/memcached/client.hpp"
#include "ingest/postgres/pool.hpp"

#include <chrono>
#include <cstddef>

namespace beastmark::ingest {

/// async: the core's event loop drives both backends. blocking: worker threads wait for them.
enum class driver { async, blocking };

/// each: a transaction for each request. group: one for those that wait together, which is other work for the
/// database.
enum class write_mode { each, group };

/// For one core.
struct driver_options {
    std::size_t core = 0;
    /// For a request, from its arrival at the handler: waiting, insert and cache set together.
    std::chrono::nanoseconds request_timeout = std::chrono::seconds{2};
    postgres::pool_options postgres; ///< its statements and timeout are set by the handler
    write_mode mode = write_mode::each;
    memcached::client_options memcached;
    connection_shortage* shortage = nullptr; ///< where this core tells of it; outlives the handler
};

inline postgres::pool_options pool_options_of(const driver_options& given) {
    postgres::pool_options options = given.postgres;
    options.statement = insert_statement;
    if (given.mode == write_mode::group)
        options.group_statement = group_statement;
    options.timeout = given.request_timeout;
    return options;
}

} // namespace beastmark::ingest
