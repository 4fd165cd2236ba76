// A request that a service under test has to answer well, and what it answers then.
#pragma once

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"

#include <string>

namespace beastmark::testing {

inline const std::string good_body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";

inline std::string good_request() {
    return posts() ? request("POST", "/api/devices", good_body) : request("GET", "/api/devices");
}

/// Its status.
inline int success() {
    return posts() ? 201 : 200;
}

} // namespace beastmark::testing
