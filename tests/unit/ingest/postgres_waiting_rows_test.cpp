// Which of the requests that wait leave together, and when.
#include "ingest/postgres/waiting_rows.hpp"
#include "tests/unit/ingest/postgres_rows.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace {

using namespace beastmark::postgres;
using namespace std::chrono_literals;
using beastmark::testing::numbered_rows;

class postgres_waiting_rows : public ::testing::Test {
protected:
    // One after the other, a millisecond apart.
    void push_all(waiting_rows& to) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i].submitted = start + i * 1ms;
            to.push(rows[i]);
        }
    }

    template <class Take>
    std::vector<const request*> taken(Take take) {
        request_list list;
        take(list);
        std::vector<const request*> all;
        for (const request& r : list)
            all.push_back(&r);
        list.clear();
        return all;
    }

    std::vector<const request*> next(waiting_rows& from) {
        return taken([&](request_list& into) { from.take(into); });
    }

    using these = std::vector<const request*>;

    const waiting_rows::time_point start{1h};
    numbered_rows rows{5};
};

TEST_F(postgres_waiting_rows, leave_in_their_order_as_many_as_a_statement_takes) {
    waiting_rows tested(2, 0ns);
    push_all(tested);
    EXPECT_EQ(tested.size(), 5);
    EXPECT_EQ(next(tested), (these{&rows[0], &rows[1]}));
    EXPECT_EQ(next(tested), (these{&rows[2], &rows[3]}));
    EXPECT_FALSE(tested.full());
    EXPECT_EQ(next(tested), (these{&rows[4]}));
    EXPECT_TRUE(tested.empty());
}

TEST_F(postgres_waiting_rows, without_a_wait_are_due_at_once) {
    waiting_rows tested(100, 0ns);
    push_all(tested);
    EXPECT_TRUE(tested.due(start));
}

TEST_F(postgres_waiting_rows, wait_for_more_until_the_oldest_has_waited_enough) {
    waiting_rows tested(100, 20ms);
    push_all(tested);
    EXPECT_FALSE(tested.due(start + 19ms));
    EXPECT_EQ(tested.due_at(), start + 20ms);
    EXPECT_TRUE(tested.due(start + 20ms));
}

TEST_F(postgres_waiting_rows, do_not_wait_when_a_statement_is_full) {
    waiting_rows tested(5, 20ms);
    push_all(tested);
    EXPECT_TRUE(tested.full());
    EXPECT_TRUE(tested.due(start));
}

TEST_F(postgres_waiting_rows, that_go_alone_go_first_and_at_once) {
    waiting_rows tested(100, 20ms);
    rows[1].alone = rows[3].alone = true;
    push_all(tested);
    EXPECT_EQ(tested.size(), 5);
    EXPECT_TRUE(tested.due(start));
    EXPECT_EQ(next(tested), (these{&rows[1]}));
    EXPECT_EQ(next(tested), (these{&rows[3]}));
    EXPECT_FALSE(tested.due(start));
    EXPECT_EQ(next(tested), (these{&rows[0], &rows[2], &rows[4]}));
}

TEST_F(postgres_waiting_rows, that_could_not_leave_are_first_again) {
    waiting_rows tested(2, 0ns);
    rows[4].alone = true;
    push_all(tested);
    for (int round = 0; round < 2; ++round) {
        request_list list;
        tested.take(list);
        tested.put_back(list);
        EXPECT_TRUE(list.empty());
        EXPECT_EQ(tested.size(), 5);
    }
    EXPECT_EQ(next(tested), (these{&rows[4]}));
    request_list list;
    tested.take(list);
    tested.put_back(list);
    EXPECT_EQ(next(tested), (these{&rows[0], &rows[1]}));
    EXPECT_EQ(next(tested), (these{&rows[2], &rows[3]}));
}

TEST_F(postgres_waiting_rows, expire_by_their_own_deadlines) {
    waiting_rows tested(2, 0ns);
    rows[2].alone = rows[3].alone = true;
    push_all(tested);
    rows[2].submitted = start + 10ms; // refused before the other, though younger
    EXPECT_EQ(taken([&](request_list& into) { tested.expire(start + 3ms, start + 3ms, into); }),
              (these{&rows[0], &rows[1], &rows[3]}));
    EXPECT_EQ(next(tested), (these{&rows[2]}));
    EXPECT_EQ(next(tested), (these{&rows[4]}));
}

TEST_F(postgres_waiting_rows, that_go_alone_have_until_their_deadline) {
    waiting_rows tested(2, 0ns);
    rows[3].alone = true;
    push_all(tested);
    EXPECT_EQ(taken([&](request_list& into) { tested.expire(start + 1h, start, into); }),
              (these{&rows[0], &rows[1], &rows[2], &rows[4]}));
    EXPECT_EQ(next(tested), (these{&rows[3]}));
}

TEST_F(postgres_waiting_rows, may_be_taken_all_at_once) {
    waiting_rows tested(2, 0ns);
    rows[4].alone = true;
    push_all(tested);
    EXPECT_EQ(taken([&](request_list& into) { tested.take_all(into); }),
              (these{&rows[4], &rows[0], &rows[1], &rows[2], &rows[3]}));
    EXPECT_TRUE(tested.empty());
    EXPECT_TRUE(taken([&](request_list& into) { tested.take_all(into); }).empty());
}

} // namespace
