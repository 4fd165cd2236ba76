#include "ingest/memcached/blocking_cache.hpp"

#include <algorithm>

namespace beastmark::memcached {
namespace {

using clock = std::chrono::steady_clock;

// The server has answered, but not that it stored the item; or libmemcached has refused to ask. Not
// CLIENT_ERROR: a server that did not understand may answer what is left of the command, too, and be out of
// step.
bool is_refusal(memcached_return_t answer) {
    switch (answer) {
    case MEMCACHED_NOTSTORED:
    case MEMCACHED_SERVER_ERROR:
    case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE:
    case MEMCACHED_E2BIG:
    case MEMCACHED_BAD_KEY_PROVIDED:
    case MEMCACHED_KEY_TOO_BIG:
        return true;
    default:
        return false;
    }
}

bool is_unreachable(memcached_return_t answer) {
    switch (answer) {
    case MEMCACHED_HOST_LOOKUP_FAILURE:
    case MEMCACHED_CONNECTION_FAILURE:
    case MEMCACHED_CONNECTION_SOCKET_CREATE_FAILURE:
    case MEMCACHED_NO_SERVERS:
        return true;
    default:
        return false;
    }
}

} // namespace

blocking_cache::blocking_cache(const client_options& options, std::uint32_t seed)
    : options_(options), backoff_(options.first_retry, options.retry_cap, seed) {}

boost::system::error_code blocking_cache::set(std::string_view key, std::string_view value,
                                              std::uint32_t ttl_s, clock::time_point deadline) {
    const auto now = clock::now();
    if (deadline <= now)
        return errc::timed_out;
    if (!handle_ && (now < next_attempt_ || !open()))
        return errc::unavailable;
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<clock::duration>(options_.timeout, deadline - now));
    const auto limit_ms = static_cast<std::uint64_t>(limit.count());
    memcached_behavior_set(handle_.get(), MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, limit_ms);
    memcached_behavior_set(handle_.get(), MEMCACHED_BEHAVIOR_POLL_TIMEOUT, limit_ms);
    return taken(memcached_set(handle_.get(), key.data(), key.size(), value.data(), value.size(),
                               static_cast<time_t>(ttl_s), 0));
}

bool blocking_cache::open() {
    handle_.reset(memcached_create(nullptr));
    memcached_st* const made = handle_.get();
    if (made != nullptr &&
        memcached_behavior_set(made, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1) == MEMCACHED_SUCCESS &&
        memcached_server_add(made, options_.host.c_str(), options_.port) == MEMCACHED_SUCCESS)
        return true;
    handle_.reset();
    reason_ = "out of memory";
    return false;
}

boost::system::error_code blocking_cache::taken(memcached_return_t answer) {
    const auto now = clock::now();
    if (answer == MEMCACHED_SUCCESS || is_refusal(answer)) {
        connected_ = true;
        backoff_.up(now);
        if (answer == MEMCACHED_SUCCESS)
            return {};
        reason_ = memcached_strerror(handle_.get(), answer);
        return errc::refused;
    }
    reason_ = memcached_strerror(handle_.get(), answer);
    handle_.reset(); // also what it remembers of the failure
    connected_ = false;
    next_attempt_ = now + backoff_.next(now);
    if (answer == MEMCACHED_TIMEOUT)
        return errc::timed_out;
    return is_unreachable(answer) ? errc::unavailable : errc::lost;
}

} // namespace beastmark::memcached
