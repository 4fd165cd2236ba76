#include "ingest/memcached/codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace beastmark::memcached;
using namespace std::string_literals;

TEST(memcached_codec, writes_a_meta_set) {
    std::string out = "x";
    append_set(out, "key", "va\r\nlue", 20);
    EXPECT_EQ(out, "xms key 7 T20\r\nva\r\nlue\r\n");
    out.clear();
    append_set(out, "k", "", 4294967295U);
    EXPECT_EQ(out, "ms k 0 T4294967295\r\n\r\n");
    out.clear();
    append_noop(out);
    EXPECT_EQ(out, "mn\r\n");
}

TEST(memcached_codec, takes_no_key_that_could_end_the_command) {
    EXPECT_TRUE(is_key("9add349c-c35c-4d32-ab0f-53da1ba40a2a"));
    EXPECT_TRUE(is_key(std::string(250, 'k')));
    EXPECT_TRUE(is_key("\xc3\xa9"));
    EXPECT_FALSE(is_key(""));
    EXPECT_FALSE(is_key(std::string(251, 'k')));
    EXPECT_FALSE(is_key("a b"));
    EXPECT_FALSE(is_key("a\r\nflush_all"));
    EXPECT_FALSE(is_key("a\0b"s));
    EXPECT_FALSE(is_key("a\x7f"));
}

struct reply_case {
    std::string line;
    reply kind;
};

class memcached_reply : public ::testing::TestWithParam<reply_case> {};

TEST_P(memcached_reply, is_recognised_only_when_whole) {
    const auto& [line, kind] = GetParam();
    const auto bytes = line + "\r\n";
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        const auto part = parse_reply(std::string_view(bytes).substr(0, n));
        EXPECT_EQ(part.kind, reply::incomplete) << n;
        EXPECT_EQ(part.size, 0);
    }
    const auto whole = parse_reply(bytes + "HD\r\n");
    EXPECT_EQ(whole.kind, kind);
    EXPECT_EQ(whole.size, kind == reply::garbage ? 0 : bytes.size());
}

INSTANTIATE_TEST_SUITE_P(
    all, memcached_reply,
    ::testing::Values(reply_case{"HD", reply::stored}, reply_case{"HD O12", reply::stored},
                      reply_case{"NS", reply::not_stored}, reply_case{"MN", reply::noop_done},
                      reply_case{"SERVER_ERROR out of memory storing object", reply::server_error},
                      reply_case{"SERVER_ERROR", reply::server_error},
                      reply_case{"CLIENT_ERROR bad data chunk", reply::command_error},
                      reply_case{"ERROR", reply::command_error},
                      reply_case{"ERROR Too many open connections", reply::command_error},
                      reply_case{"", reply::garbage}, reply_case{"HDX", reply::garbage},
                      reply_case{"hd", reply::garbage}, reply_case{"EX", reply::garbage},
                      reply_case{"STORED", reply::garbage}, reply_case{"MN 1", reply::garbage},
                      reply_case{"VA 3", reply::garbage}, reply_case{"SERVER_ERRORS", reply::garbage}));

TEST(memcached_codec, a_line_must_end_in_carriage_return_and_line_feed) {
    EXPECT_EQ(parse_reply("HD\n").kind, reply::garbage);
    EXPECT_EQ(parse_reply("\n").kind, reply::garbage);
    EXPECT_EQ(parse_reply("HD\r").kind, reply::incomplete);
    EXPECT_EQ(parse_reply("H\rD\r\n").kind, reply::garbage);
}

TEST(memcached_codec, a_line_longer_than_any_reply_is_garbage_before_it_ends) {
    const auto error = "SERVER_ERROR " + std::string(longest_reply - 13, 'x');
    EXPECT_EQ(parse_reply(error).kind, reply::incomplete);
    EXPECT_EQ(parse_reply(error + "\r").kind, reply::incomplete);
    EXPECT_EQ(parse_reply(error + "\r\n").kind, reply::server_error);
    EXPECT_EQ(parse_reply(error + "xx").kind, reply::garbage);
    EXPECT_EQ(parse_reply(error + "x\r\n").kind, reply::garbage);
}

} // namespace
