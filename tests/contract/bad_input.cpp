#include "tests/contract/bad_input.hpp"

namespace beastmark::testing {

void expect_refused(const bad_request& bad) {
    const auto& target = the_target();
    const auto before = target.rows();
    auto client = target.connect();
    client.send(bad.bytes);
    const auto response = client.receive();
    const bool lenient = response.status == target.success() && bad.statuses.contains(response.status);
    if (lenient)
        expect_success(response);
    else
        expect_error(response, bad.statuses);
    if (!lenient) {
        EXPECT_EQ(target.rows(), before) << "something was stored";
    }
    if (bad.connection == afterwards::closes) {
        EXPECT_TRUE(lenient || announces_close(response)) << "it closes, and does not say so";
    } else if (bad.connection == afterwards::keeps) {
        EXPECT_FALSE(announces_close(response)) << "no need to close";
    }
    expect_connection_as_announced(client, response);
    expect_alive();
}

} // namespace beastmark::testing
