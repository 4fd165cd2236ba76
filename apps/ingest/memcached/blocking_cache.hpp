// One connection to memcached through libmemcached, as most services have it: each set waits for its answer.
//
// For one thread. A server that is lost is tried again at a set, after a wait of its own: libmemcached's
// waits are whole seconds, and beyond some failures it gives a server up for good.
#pragma once

#include "ingest/backoff.hpp"
#include "ingest/memcached/client.hpp"
#include "ingest/memcached/error.hpp"

#include <boost/system/error_code.hpp>
#include <libmemcached/memcached.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace beastmark::memcached {

class blocking_cache {
public:
    /// Of the options it heeds host, port, timeout and the retry waits. @param seed of the waits
    blocking_cache(const client_options& options, std::uint32_t seed);

    /// Connects first where there is no link, unless the last attempt failed just now (unavailable). Each
    /// wait takes as long as the timeout, or as is left until the deadline, at most; longer when a host name
    /// is slow to be found. reason() says why it failed.
    /// @param ttl_s seconds until memcached forgets the item; 0: never
    /// @param deadline when it has passed: timed_out
    boost::system::error_code set(std::string_view key, std::string_view value, std::uint32_t ttl_s,
                                  std::chrono::steady_clock::time_point deadline);

    /// The last set got an answer.
    [[nodiscard]] bool is_connected() const { return connected_; }

    /// For the log: one line.
    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    struct free_handle {
        void operator()(memcached_st* handle) const noexcept { memcached_free(handle); }
    };

    bool open();
    boost::system::error_code taken(memcached_return_t answer);

    const client_options options_;
    ingest::backoff backoff_;
    std::chrono::steady_clock::time_point next_attempt_;
    std::unique_ptr<memcached_st, free_handle> handle_; // one link; connects at its first set
    bool connected_ = false;
    std::string reason_;
};

} // namespace beastmark::memcached
