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

TEST(connection_arguments, auto_is_within_a_bound) {
    const auto usual = options_of({"-c", "auto"});
    EXPECT_TRUE(usual.rules.automatic);
    EXPECT_GT(usual.connections, 100u) << "what the descriptor limit has room for";
    EXPECT_LE(usual.connections, 10'000u);
    EXPECT_EQ(options_of({"-c", "auto", "--max-connections", "77"}).connections, 77u);
    EXPECT_FALSE(options_of({"-c", "8"}).rules.automatic);
}

TEST(connection_arguments, what_auto_stays_within_leaves_room_for_the_streams_of_each) {
    const auto many = options_of({"-c", "auto", "--http2", "--streams", "10000"});
    EXPECT_EQ(many.connections, 100u);
    EXPECT_THAT(refusal({"-c", "auto", "--max-connections", "101", "--http2", "--streams", "10000"}),
                HasSubstr("101 connections (--max-connections) of 10000 streams"));
    EXPECT_THAT(refusal({"-c", "101", "--http2", "--streams", "10000"}),
                HasSubstr("101 connections (-c) of 10000 streams"));
}

TEST(connection_arguments, how_many_that_cannot_be_is_told) {
    for (const auto* const text : {"0", "1000001", "many", "-1", "8.5", "Auto", ""})
        EXPECT_THAT(refusal({"-c", text}), HasSubstr("-c '" + std::string(text) + "': give a number"));
    EXPECT_THAT(refusal({"-c", "8", "--max-connections", "9"}), HasSubstr("give both, or neither"));
    EXPECT_THAT(refusal({"-c", "auto", "--closed"}), HasSubstr("a closed loop has none"));
    EXPECT_THAT(refusal({"-c", "auto", "--closed", "--clients", "3"}), HasSubstr("a closed loop has none"));
}

TEST(unix_sockets, are_of_the_only_target_or_of_the_one_they_name) {
    using ::testing::ElementsAre;
    using ::testing::Pair;
    EXPECT_THAT(options_of({"--unix-socket", "/run/a=b"}).unix_sockets,
                ElementsAre(Pair("target", "/run/a=b")));
    EXPECT_THAT(options_of({"--target", "a=http://h/", "--unix-socket", "a=x.sock"}).unix_sockets,
                ElementsAre(Pair("a", "x.sock")));
}

TEST(unix_sockets, what_cannot_be_one_is_told) {
    EXPECT_THAT(refusal({"--target", "a=http://h/", "--unix-socket", "/x"}), HasSubstr("of which target?"));
    for (const auto& path : {std::string(), std::string(108, 'x')})
        EXPECT_THAT(refusal({"--unix-socket", path}), HasSubstr("a path has 1 to 107 bytes"));
    EXPECT_THAT(refusal({"--unix-socket", "/x", "--unix-socket", "target=/y"}), HasSubstr("has one already"));
    EXPECT_THAT(refusal({"--unix-socket", "/x", "--source-ip", "::1"}), HasSubstr("leave out --source-ip"));
    EXPECT_THAT(refusal({"--unix-socket", "/x", "--dns-ttl", "1s"}), HasSubstr("and --dns-ttl"));
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

using boost::asio::ip::make_address;

source_addresses::endpoint at(const char* address, std::uint16_t port = 80) {
    return {make_address(address), port};
}

TEST(source_addresses, those_of_the_targets_family_take_turns) {
    const auto some = source_addresses::parse("10.0.0.1,::1,10.0.0.2");
    EXPECT_EQ(some.of(at("10.9.9.9"), 0), at("10.0.0.1", 0));
    EXPECT_EQ(some.of(at("10.9.9.9"), 1), at("10.0.0.2", 0));
    EXPECT_EQ(some.of(at("10.9.9.9"), 2), at("10.0.0.1", 0));
    EXPECT_EQ(some.of(at("fd00::1"), 1), at("::1", 0));
    const auto old = source_addresses::parse("10.0.0.1");
    EXPECT_TRUE(old.reach(at("10.9.9.9")));
    EXPECT_FALSE(old.reach(at("fd00::1")));
    EXPECT_FALSE(old.of(at("fd00::1"), 0));
}

TEST(source_addresses, without_any_the_kernel_chooses) {
    const source_addresses none;
    EXPECT_TRUE(none.reach(at("fd00::1")));
    EXPECT_FALSE(none.of(at("10.9.9.9"), 0));
    EXPECT_NO_THROW(none.require_ours());
}

TEST(source_addresses, what_is_no_list_of_addresses_is_told) {
    for (const auto* const text : {"eth0", "10.0.0.1,", ",", "10.0.0.1;10.0.0.2", "0.0.0.0", "10.0.0.1:80"})
        EXPECT_THAT(refusal({"--source-ip", text}),
                    HasSubstr("--source-ip '" + std::string(text) + "': give addresses of this machine"));
    EXPECT_THAT(refusal({"--source-ip", "::1,10.0.0.1,::1"}), HasSubstr("::1 is in it twice"));
}

} // namespace
} // namespace beastmark::loadgen
