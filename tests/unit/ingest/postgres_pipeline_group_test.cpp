// What the results of a statement of many rows mean for each of them.
#include "ingest/postgres/error.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "tests/unit/ingest/postgres_rows.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

namespace {

using namespace beastmark::postgres;
using namespace std::chrono_literals;
using beastmark::testing::key_of;
using beastmark::testing::numbered_rows;
using boost::system::error_code;
using time_point = pipeline::time_point;

constexpr std::size_t most_rows = 64;

class postgres_pipeline_group : public ::testing::Test {
protected:
    void send(numbered_rows& rows, time_point at = {}) {
        rows.as_list([&](request_list& list) { tested.sent(list, at); });
    }

    // The row of `number` comes back, with an id that can be told from others'.
    bool row(std::uint32_t number) { return tested.row(key_of(number), 100 + number); }

    bool all_rows(std::size_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            if (!row(i))
                return false;
        return tested.rows_end();
    }

    // The next decision is about this row.
    void expect_next(request& r, error_code error, bool try_alone = false) {
        ASSERT_TRUE(tested.next(completion));
        EXPECT_EQ(completion.done, &r);
        EXPECT_EQ(completion.error, error);
        EXPECT_EQ(completion.try_alone, try_alone);
    }

    void expect_no_more() { EXPECT_FALSE(tested.next(completion)); }

    void expect_all(numbered_rows& rows, error_code error, bool try_alone = false) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            expect_next(rows[i], error, try_alone);
        expect_no_more();
    }

    pipeline tested{2};
    pipeline::completion completion;
};

TEST_F(postgres_pipeline_group, stores_all_rows_at_the_sync_and_not_before) {
    numbered_rows rows(3);
    send(rows);
    EXPECT_TRUE(tested.tells_keys());
    EXPECT_EQ(tested.size(), 1);
    ASSERT_TRUE(all_rows(3));
    ASSERT_TRUE(tested.null());
    expect_no_more();
    EXPECT_EQ(tested.size(), 1);
    ASSERT_TRUE(tested.sync());
    EXPECT_TRUE(tested.empty());
    expect_all(rows, {});
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(rows[i].id, 100 + i);
}

TEST_F(postgres_pipeline_group, the_key_tells_whose_an_id_is_whatever_the_order) {
    numbered_rows rows(4);
    send(rows);
    ASSERT_TRUE(row(2) && row(3) && row(1) && row(0) && tested.rows_end());
    ASSERT_TRUE(tested.null() && tested.sync());
    expect_all(rows, {});
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(rows[i].id, 100 + i);
}

TEST_F(postgres_pipeline_group, takes_one_row_and_as_many_as_it_may) {
    for (const std::size_t count : {std::size_t{1}, most_rows}) {
        numbered_rows rows(count);
        send(rows);
        ASSERT_TRUE(all_rows(count) && tested.null() && tested.sync());
        expect_all(rows, {});
        EXPECT_EQ(rows[count - 1].id, 100 + count - 1);
    }
}

TEST_F(postgres_pipeline_group, a_row_that_does_not_come_back_is_refused_it_alone) {
    numbered_rows rows(3);
    send(rows);
    ASSERT_TRUE(row(0) && row(2) && tested.rows_end());
    ASSERT_TRUE(tested.null() && tested.sync());
    expect_next(rows[0], {});
    expect_next(rows[1], errc::refused);
    EXPECT_STREQ(rows[1].sqlstate.data(), "02000");
    EXPECT_EQ(rows[1].id, 0);
    expect_next(rows[2], {});
    EXPECT_STREQ(rows[2].sqlstate.data(), "");
}

TEST_F(postgres_pipeline_group, without_any_row_all_are_refused) {
    numbered_rows rows(2);
    for (const bool as_command : {false, true}) {
        send(rows);
        ASSERT_TRUE(as_command ? tested.no_row() : tested.rows_end());
        ASSERT_TRUE(tested.null() && tested.sync());
        expect_all(rows, errc::refused);
        EXPECT_STREQ(rows[1].sqlstate.data(), "02000");
    }
}

TEST_F(postgres_pipeline_group, a_refusal_says_that_each_row_may_be_tried_alone) {
    numbered_rows rows(3);
    send(rows);
    ASSERT_TRUE(tested.error("23505", false) && tested.null() && tested.sync());
    expect_all(rows, errc::refused, true);
    EXPECT_TRUE(rows[0].alone);
}

TEST_F(postgres_pipeline_group, a_refusal_of_one_row_needs_no_second_try) {
    numbered_rows rows(1);
    send(rows);
    ASSERT_TRUE(tested.error("23505", false) && tested.null() && tested.sync());
    expect_all(rows, errc::refused);
    EXPECT_STREQ(rows[0].sqlstate.data(), "23505");
}

TEST_F(postgres_pipeline_group, a_refusal_at_commit_undoes_the_rows_that_were_told) {
    numbered_rows rows(2);
    send(rows);
    ASSERT_TRUE(all_rows(2) && tested.null() && tested.error("23505", false) && tested.null());
    ASSERT_TRUE(tested.sync());
    expect_all(rows, errc::refused, true);
    EXPECT_EQ(rows[0].id, 0);
}

TEST_F(postgres_pipeline_group, a_row_that_is_tried_alone_has_its_own_end) {
    numbered_rows rows(2);
    send(rows);
    ASSERT_TRUE(tested.error("23505", false) && tested.null() && tested.sync());
    expect_all(rows, errc::refused, true);
    tested.sent(rows[0], {});
    tested.sent(rows[1], {});
    ASSERT_TRUE(tested.error("23514", false) && tested.null() && tested.sync());
    expect_next(rows[0], errc::refused);
    EXPECT_STREQ(rows[0].sqlstate.data(), "23514");
    ASSERT_TRUE(tested.row(7) && tested.null() && tested.sync());
    expect_next(rows[1], {});
    EXPECT_EQ(rows[1].id, 7);
    EXPECT_STREQ(rows[1].sqlstate.data(), "");
}

TEST_F(postgres_pipeline_group, a_key_that_nobody_sent_is_out_of_step_and_all_is_unknown) {
    numbered_rows rows(2);
    send(rows);
    ASSERT_TRUE(row(0));
    EXPECT_FALSE(row(5));
    tested.fail();
    expect_all(rows, errc::outcome_unknown);
    EXPECT_EQ(rows[0].id, 0);
}

TEST_F(postgres_pipeline_group, a_row_that_comes_twice_is_out_of_step) {
    numbered_rows rows(2);
    send(rows);
    ASSERT_TRUE(row(1));
    EXPECT_FALSE(row(1));
}

TEST_F(postgres_pipeline_group, a_key_of_the_next_statement_is_out_of_step) {
    numbered_rows rows(2);
    numbered_rows others(4);
    send(rows);
    send(others);
    EXPECT_FALSE(row(3));
}

TEST_F(postgres_pipeline_group, results_of_the_other_kind_of_statement_are_out_of_step) {
    EXPECT_FALSE(tested.row(key_of(0), 1)) << "nothing was sent";
    numbered_rows one(1);
    tested.sent(one[0], {});
    EXPECT_FALSE(tested.tells_keys());
    EXPECT_FALSE(tested.row(one[0].key, 1));
    tested.fail();
    expect_all(one, errc::outcome_unknown);
    numbered_rows rows(2);
    send(rows);
    EXPECT_FALSE(tested.row(1));
    ASSERT_TRUE(all_rows(2));
    EXPECT_FALSE(row(0)) << "a second result";
    EXPECT_FALSE(tested.rows_end());
    EXPECT_FALSE(tested.no_row());
}

TEST_F(postgres_pipeline_group, a_sync_before_the_end_of_the_rows_is_out_of_step) {
    numbered_rows rows(2);
    send(rows);
    ASSERT_TRUE(row(0) && row(1));
    EXPECT_FALSE(tested.sync());
}

// The link may be lost at each point: nothing sent is known before the sync, but that a refusal stands.
TEST_F(postgres_pipeline_group, a_loss_before_the_sync_leaves_all_unknown) {
    numbered_rows rows(2);
    for (int results = 0; results <= 4; ++results) {
        SCOPED_TRACE(results);
        send(rows);
        ASSERT_TRUE(results < 1 || row(0));
        ASSERT_TRUE(results < 2 || row(1));
        ASSERT_TRUE(results < 3 || tested.rows_end());
        ASSERT_TRUE(results < 4 || tested.null());
        tested.fail();
        expect_all(rows, errc::outcome_unknown);
        EXPECT_TRUE(tested.empty());
    }
}

TEST_F(postgres_pipeline_group, a_refusal_stands_though_the_link_is_lost_before_the_sync) {
    numbered_rows rows(2);
    numbered_rows behind(2);
    for (const bool at_commit : {false, true}) {
        send(rows);
        send(behind);
        ASSERT_TRUE(!at_commit || all_rows(2));
        ASSERT_TRUE(tested.error("23505", false));
        tested.fail();
        for (std::size_t i = 0; i < rows.size(); ++i)
            expect_next(rows[i], errc::refused, true);
        expect_all(behind, errc::outcome_unknown);
    }
}

TEST_F(postgres_pipeline_group, the_end_of_the_session_decides_nothing) {
    numbered_rows rows(2);
    for (const std::string_view sqlstate : {"57P01", ""}) {
        send(rows);
        ASSERT_TRUE(all_rows(2) && tested.null());
        EXPECT_FALSE(tested.error(sqlstate, !sqlstate.empty()));
        tested.fail();
        expect_all(rows, errc::outcome_unknown);
    }
}

TEST_F(postgres_pipeline_group, a_row_whose_caller_was_told_is_dropped_and_the_others_are_answered) {
    const time_point start{};
    numbered_rows rows(3, start + 10ms);
    rows[1].submitted = start;
    send(rows, start + 20ms);
    EXPECT_FALSE(tested.stalled());
    EXPECT_TRUE(tested.abandon_before(start + 5ms));
    expect_next(rows[1], errc::timed_out);
    expect_no_more();
    EXPECT_TRUE(tested.stalled());
    rows[1].id = -1;
    ASSERT_TRUE(all_rows(3) && tested.null() && tested.sync());
    expect_next(rows[0], {});
    expect_next(rows[2], {});
    expect_no_more();
    EXPECT_EQ(rows[1].id, -1) << "the request is its owner's again";
    EXPECT_FALSE(tested.stalled());
}

TEST_F(postgres_pipeline_group, a_row_whose_caller_was_told_is_not_tried_again) {
    const time_point start{};
    numbered_rows rows(2, start + 10ms);
    rows[0].submitted = start;
    send(rows, start + 20ms);
    ASSERT_TRUE(tested.abandon_before(start + 5ms));
    expect_next(rows[0], errc::timed_out);
    ASSERT_TRUE(tested.error("57014", false) && tested.null() && tested.sync());
    expect_next(rows[1], errc::refused, true);
    expect_no_more();
}

TEST_F(postgres_pipeline_group, all_rows_may_time_out_and_the_place_is_kept) {
    const time_point start{};
    numbered_rows rows(2, start);
    send(rows, start);
    ASSERT_TRUE(tested.abandon_before(start + 1ms));
    expect_all(rows, errc::timed_out);
    EXPECT_EQ(tested.size(), 1);
    EXPECT_TRUE(tested.oldest_before(start + 1ms));
    ASSERT_TRUE(all_rows(2) && tested.null() && tested.sync());
    expect_no_more();
    EXPECT_TRUE(tested.empty());
}

TEST_F(postgres_pipeline_group, an_older_row_behind_younger_ones_is_found_by_its_deadline) {
    const time_point start{};
    numbered_rows young(1, start + 10ms);
    numbered_rows old(1, start); // was refused with others, and is tried alone
    tested.sent(young[0], start + 20ms);
    tested.sent(old[0], start + 20ms);
    EXPECT_TRUE(tested.abandon_before(start + 5ms));
    expect_next(old[0], errc::timed_out);
    EXPECT_FALSE(tested.stalled()) << "the oldest statement's caller still waits";
}

} // namespace
