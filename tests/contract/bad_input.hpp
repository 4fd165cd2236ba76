// A table of bad requests is a parameterised test: what they have in common is checked here.
#pragma once

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace beastmark::testing {

/// What must become of the connection.
enum class afterwards {
    closes,      // the framing cannot be trusted any more
    keeps,       // the request was read to its end: nothing is wrong with the connection
    as_announced // HTTP allows both
};

struct bad_request {
    std::string name;
    std::string bytes;
    std::set<int> statuses; // of the contract; a success where the RFC allows to be lenient
    afterwards connection = afterwards::as_announced;
};

inline void PrintTo(const bad_request& request, std::ostream* out) {
    *out << request.name;
}

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of(const ::testing::TestParamInfo<bad_request>& info) {
    return info.param.name;
}

/// Sends it, checks the answer, the connection, that the process is unharmed and that nothing was stored.
void expect_refused(const bad_request& bad);

} // namespace beastmark::testing
