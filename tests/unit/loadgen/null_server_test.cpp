// The parts of the null server that need no socket.
#include "loadgen/null_server.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {
namespace {

TEST(head_counter, counts_heads_however_they_are_cut) {
    const std::string_view two = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    for (std::size_t cut = 0; cut <= two.size(); ++cut) {
        head_counter heads;
        const auto first = heads.take(two.substr(0, cut));
        EXPECT_EQ(first + heads.take(two.substr(cut)), 2u) << cut;
    }
    head_counter heads;
    std::size_t ended = 0;
    for (const char c : two)
        ended += heads.take(std::string_view(&c, 1));
    EXPECT_EQ(ended, 2u);
}

TEST(head_counter, takes_nothing_else_for_an_end) {
    head_counter heads;
    EXPECT_EQ(heads.take("GET / HTTP/1.1\n\n\r\r\n\r\r\r\n"), 0u);
    EXPECT_EQ(heads.take("\r\r\n\r"), 0u);
    EXPECT_EQ(heads.take("\n"), 1u);
}

TEST(answers_owed, come_in_order_however_much_is_sent_at_once) {
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (const std::size_t piece : {1U, 7U, 39U, 40U, 41U, 1'000'000U}) {
        answers_owed owed;
        EXPECT_TRUE(owed.none());
        EXPECT_EQ(owed.next(), "");
        owed.add(100);
        std::string sent;
        bool more = true;
        while (!owed.none()) {
            const auto bytes = owed.next().substr(0, piece);
            ASSERT_NE(bytes, "");
            sent += bytes;
            owed.sent(bytes.size());
            if (std::exchange(more, false))
                owed.add(27);
        }
        ASSERT_EQ(sent.size(), 127 * answer.size());
        for (std::size_t i = 0; i < sent.size(); i += answer.size())
            ASSERT_EQ(std::string_view(sent).substr(i, answer.size()), answer) << piece;
    }
}

} // namespace
} // namespace beastmark::loadgen
