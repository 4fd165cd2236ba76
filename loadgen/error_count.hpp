// What went wrong and how often: the detail of failures, kind by kind.
#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// What failed, for the detail of an error: "connect: Connection refused".
enum class phase { connect, send, read, parse, tls, http2 };

inline constexpr std::size_t phase_count = 6;

struct error_count {
    phase where{};
    boost::system::error_code code;
    std::uint64_t count = 0;
};

/// The error's own words, with what it means here where they say too little.
std::string words_of(const boost::system::error_code& code);

/// "connect: Connection refused".
std::string describe(phase where, const boost::system::error_code& code);

/// An error that another process described, as a code that has the same text. Kept for the life of the
/// process; a text is cut at 200 bytes, and of more than 1000 texts the others are "other".
boost::system::error_code told_error(std::string_view text);

/// Allocates only for a kind not met before.
void add_error(std::vector<error_count>& to, phase where, const boost::system::error_code& code,
               std::uint64_t n = 1);

} // namespace beastmark::loadgen
