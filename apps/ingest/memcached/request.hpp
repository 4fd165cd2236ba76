// One set on its way to memcached.
#pragma once

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace beastmark::memcached {

/// Owned by the caller and left where it is until `done` is called; free to be used again then.
struct set_request {
    /// 1 to 250 bytes without spaces or control characters; copied by client::set.
    std::string_view key;
    /// Copied by client::set.
    std::string_view value;
    /// Seconds until memcached forgets the item; 0: never.
    std::uint32_t ttl_s = 0;
    /// Called exactly once for each set, on the core's thread; may set again. Without an error memcached has
    /// said that it stored the item. Error: one of `errc`.
    void (*done)(set_request&, boost::system::error_code) noexcept = nullptr;

    /// When the caller waits no longer; the client's own timeout may end the wait before.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

    /// Set by client::set; the client's timeout and the measured duration count from here.
    std::chrono::steady_clock::time_point submitted;
};

} // namespace beastmark::memcached
