// How an insert can fail, told apart by what is known of the row.
#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace beastmark::postgres {

enum class errc {
    refused = 1,     ///< the server said no to this statement (request::sqlstate): definitely not stored
    unavailable,     ///< no connection could take it, nothing was sent: definitely not stored
    overloaded,      ///< the queue was full, or it waited there until its deadline: definitely not stored
    outcome_unknown, ///< the link was lost after the statement was sent: stored or not
    timed_out,       ///< the deadline passed after it was sent: stored or not; its late reply is dropped
};

const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

} // namespace beastmark::postgres

template <>
struct boost::system::is_error_code_enum<beastmark::postgres::errc> : std::true_type {};
