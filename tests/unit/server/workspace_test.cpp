// The buffers of a connection: borrowed while a request is in progress, and given back clean.
#include "scripted_connection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace beastmark::testing {
namespace {

TEST(http1_connection, an_idle_one_holds_no_buffers) {
    environment in;
    scripted_connection connection{in};
    EXPECT_FALSE(connection.is_busy());
    connection.give(get("/now").substr(0, 10));
    EXPECT_TRUE(connection.is_busy());
    connection.give(get("/now").substr(10));
    EXPECT_FALSE(connection.is_busy());
    connection.give("\r\n\r\n");
    EXPECT_FALSE(connection.is_busy());
    EXPECT_EQ(connection.output(), "");
    connection.give(get("/later"));
    EXPECT_TRUE(connection.is_busy());
    in.handles.answer_oldest();
    EXPECT_FALSE(connection.is_busy());
}

TEST(http1_connection, a_workspace_comes_back_clean_whenever_the_connection_dies) {
    environment in;
    char* lent = nullptr;
    for (const auto& start :
         {std::string{}, get().substr(0, 5), post("\"abc\"").substr(0, 54), get() + get().substr(0, 9)}) {
        {
            scripted_connection dies{in};
            dies.takes = 10;
            const auto space = dies.input_space();
            EXPECT_TRUE(lent == nullptr || lent == space.data()); // the one that was given back
            lent = space.data();
            dies.received(start.copy(space.data(), space.size()), dies.time);
            dies.advance();
        } // with input unread and output unsent
        scripted_connection next{in};
        next.give(get());
        EXPECT_EQ(next.statuses(), statuses{200});
    }
}

TEST(workspace_pool, lends_what_was_given_back_last_and_makes_more) {
    workspace_pool pool{257};
    auto one = pool.borrow();
    auto two = pool.borrow();
    EXPECT_NE(one.get(), two.get());
    EXPECT_EQ(one->capacity, 257U);
    const auto* const last = one.get();
    one->begin = one->end = 20;
    pool.give_back(std::move(two));
    pool.give_back(std::move(one));
    const auto again = pool.borrow();
    EXPECT_EQ(again.get(), last);
    EXPECT_EQ(again->end, 0U);
    EXPECT_TRUE(again->is_unused());
}

TEST(workspace_pool, does_not_keep_one_that_had_to_hold_much) {
    workspace_pool pool{257};
    auto large = pool.borrow();
    large->output.reserve(256 * 1024);
    pool.give_back(std::move(large));
    EXPECT_LT(pool.borrow()->output.capacity(), 128U * 1024);
}

} // namespace
} // namespace beastmark::testing
