#include "loadgen/command_line.hpp"
#include "loadgen/error_count.hpp"
#include "loadgen/run_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using words = std::vector<std::string>;

run_options options_of(const words& flags) {
    words argv{"loadgen", "run", "http://127.0.0.1:1/"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    if (std::ranges::find(flags, "--closed") == flags.end())
        argv.insert(argv.end(), {"-R", "10"});
    command_line line;
    line.parse(argv);
    return check(line.run, {});
}

std::string refusal(const words& flags) {
    try {
        options_of(flags);
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
    return "none";
}

TEST(connection_arguments, are_kept_without_limit_unless_told_otherwise) {
    const auto usual = options_of({}).rules;
    EXPECT_TRUE(usual.keep_alive);
    EXPECT_EQ(usual.requests, 0u);
    EXPECT_FALSE(options_of({"--keepalive", "off"}).rules.keep_alive);
    EXPECT_EQ(options_of({"--requests-per-connection", "7"}).rules.requests, 7u);
}

TEST(connection_errors, that_no_port_is_free_says_where_to_read_on) {
    const boost::system::error_code none{EADDRNOTAVAIL, boost::system::system_category()};
    EXPECT_THAT(describe(phase::connect, none),
                AllOf(HasSubstr("connect: Cannot assign requested address (no local port"),
                      HasSubstr("docs/measuring.md#connections")));
}

TEST(connection_arguments, a_connection_for_each_request_is_of_http1_and_has_no_other_limit) {
    EXPECT_THAT(refusal({"--keepalive", "off", "--http2"}), HasSubstr("--requests-per-connection 1"));
    EXPECT_THAT(refusal({"--keepalive", "off", "--requests-per-connection", "2"}),
                HasSubstr("leave out --requests-per-connection"));
}

} // namespace
} // namespace beastmark::loadgen
