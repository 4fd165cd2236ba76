#include "common/host_and_port.hpp"
#include "common/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

namespace beastmark {
namespace {

TEST(parse_number, takes_the_whole_text_or_nothing) {
    EXPECT_EQ(parse_number<int>("-12"), -12);
    EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
    EXPECT_EQ(parse_number<double>("1.5"), 1.5);
    for (const char* const text : {"", " 1", "1 ", "+1", "1x", "0x1", "99999999999", "--1"}) {
        EXPECT_FALSE(parse_number<int>(text)) << text;
    }
    EXPECT_FALSE(parse_number<std::uint16_t>("65536"));
    EXPECT_FALSE(parse_number<std::uint16_t>("-1"));
    EXPECT_FALSE(parse_number<double>("1e3"));
}

TEST(parse_host_and_port, reads_names_and_addresses) {
    const auto read = [](const char* text) {
        const auto where = parse_host_and_port(text);
        return where.host + " " + std::to_string(where.port);
    };
    EXPECT_EQ(read("cache"), "cache 0");
    EXPECT_EQ(read("cache:11211"), "cache 11211");
    EXPECT_EQ(read("127.0.0.1:1"), "127.0.0.1 1");
    EXPECT_EQ(read("[::1]:80"), "::1 80");
    EXPECT_EQ(read("[::1]"), "::1 0");
}

TEST(parse_host_and_port, refuses_the_rest) {
    for (const char* const text : {"", ":80", "h:", "h:0", "h:65536", "h:-1", "h:x", "h:80:80", "::1", "[::1",
                                   "[]:80", "[::1]80", "[::1]:"}) {
        EXPECT_THROW(parse_host_and_port(text), std::invalid_argument) << text;
    }
}

} // namespace
} // namespace beastmark
