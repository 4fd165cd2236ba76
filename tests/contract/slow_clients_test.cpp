// A request that is begun and not completed: the client is told (408) and let go, in a time that is the
// target's.

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace beastmark::testing {

namespace {

void expect_408_then_close(const std::string& start) {
    auto client = the_target().connect();
    client.send(start);
    const auto response = client.receive(); // within the tests' patience: 20 s
    expect_error(response, {408});
    EXPECT_TRUE(announces_close(response));
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    expect_alive();
}

} // namespace

TEST(contract_slow_clients, an_incomplete_head_is_408) {
    expect_408_then_close(the_target().method() + " /api/devices HTTP/1.1\r\nHost: test\r\nX-Never");
}

TEST(contract_slow_clients, an_incomplete_body_is_408) {
    if (the_target().kind == target_kind::get)
        GTEST_SKIP() << "GET has no body";
    const auto request = the_target().good_request();
    expect_408_then_close(request.substr(0, request.size() - 1));
}

} // namespace beastmark::testing
