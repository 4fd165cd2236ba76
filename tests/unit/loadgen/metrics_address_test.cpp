#include "loadgen/metrics_endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

TEST(metrics_address, a_port_alone_is_every_address) {
    for (const std::string text : {"8085", ":8085", "0.0.0.0:8085"}) {
        const auto where = parse_metrics_address(text);
        EXPECT_EQ(where.host, "0.0.0.0") << text;
        EXPECT_EQ(where.port, 8085) << text;
    }
}

TEST(metrics_address, an_address_is_taken_as_it_is) {
    EXPECT_EQ(parse_metrics_address("127.0.0.1:80").host, "127.0.0.1");
    EXPECT_EQ(parse_metrics_address("localhost:80").host, "127.0.0.1");
    EXPECT_EQ(parse_metrics_address("[::1]:65535").host, "::1");
    EXPECT_EQ(parse_metrics_address("[::1]:65535").port, 65535);
}

TEST(metrics_address, anything_else_is_told_in_one_line) {
    for (const std::string text : {"",
                                   ":",
                                   "0",
                                   ":0",
                                   "65536",
                                   "99999999999",
                                   "80:80",
                                   "::1",
                                   "127.0.0.1",
                                   "127.0.0.1:",
                                   "127.0.0.1:0",
                                   "127.0.0.1:x",
                                   "no-name:8085",
                                   "[::1",
                                   "[::1]",
                                   "1.2.3:80",
                                   "+8085",
                                   "8085s",
                                   "8085,8086",
                                   "-1"}) {
        try {
            parse_metrics_address(text);
            ADD_FAILURE() << "taken: '" << text << "'";
        } catch (const std::invalid_argument& wrong) {
            EXPECT_THAT(wrong.what(), ::testing::StartsWith("--metrics '" + text + "': "));
            EXPECT_THAT(wrong.what(), ::testing::HasSubstr("give PORT, :PORT or ADDRESS:PORT"));
        }
    }
}

} // namespace
} // namespace beastmark::loadgen
