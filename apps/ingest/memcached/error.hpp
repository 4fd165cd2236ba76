// How a cache set can fail. The row is stored by then, so none of these fails a request: they are counted.
#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace beastmark::memcached {

enum class errc {
    refused = 1, ///< memcached answered, but not that it stored the item (too large, out of memory, bad key)
    unavailable, ///< no usable connection, nothing was sent
    overloaded,  ///< as many sets as allowed are already waiting
    timed_out,   ///< the deadline passed; a late reply is dropped
    lost,        ///< the link was lost after the set was sent
};

const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

} // namespace beastmark::memcached

template <>
struct boost::system::is_error_code_enum<beastmark::memcached::errc> : std::true_type {};
