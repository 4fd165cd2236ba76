// What an answer of the contract looks like. Each function fails the current test where it does not.
#pragma once

#include "tests/contract/target.hpp"
#include "tests/support/http_client.hpp"

#include <set>
#include <string>
#include <string_view>

namespace beastmark::testing {

/// 200 with the three devices, or 201 with a stored one; field order, types and headers.
void expect_success(const http_response& response);
/// The same, and for POST the firmware.
void expect_stored(const http_response& response, std::string_view firmware);
/// One of the statuses, and {"error": ..., "detail": ...}, which are both there for people: not empty.
void expect_error(const http_response& response, const std::set<int>& statuses);

/// HTTP says whether the connection stays (RFC 9112 section 9.3): does it? Sends a good request to find out.
void expect_connection_as_announced(http_client& client, const http_response& response);
/// "close" is among the connection options, or it is HTTP/1.0 without keep-alive.
bool announces_close(const http_response& response);

/// A good request on a new connection is answered: the process is unharmed.
void expect_alive();

} // namespace beastmark::testing
