#include "ingest/postgres/error.hpp"
#include "ingest/postgres/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <utility>
#include <vector>

namespace {

using namespace beastmark::postgres;
using namespace std::chrono_literals;
using boost::system::error_code;
using ::testing::ElementsAre;
using ::testing::Pair;
using time_point = pipeline::time_point;

class postgres_pipeline : public ::testing::Test {
protected:
    request& send(pipeline& to, time_point at = {}) {
        request& r = requests.emplace_back();
        r.submitted = at;
        to.sent(r, at);
        return r;
    }

    // The sync, which decides one request: `completion` tells.
    bool sync() { return tested.sync() && tested.next(completion); }

    // The results of one statement that is stored.
    bool store(std::int64_t id) { return tested.row(id) && tested.null() && sync(); }

    // What is left when the link is gone: requests by their errors.
    std::vector<std::pair<request*, error_code>> fail() {
        tested.fail();
        return decided();
    }

    std::vector<std::pair<request*, error_code>> decided() {
        std::vector<std::pair<request*, error_code>> all;
        while (tested.next(completion)) {
            EXPECT_FALSE(completion.try_alone);
            all.emplace_back(completion.done, completion.error);
        }
        return all;
    }

    std::deque<request> requests;
    pipeline tested{4};
    pipeline::completion completion;
};

TEST_F(postgres_pipeline, nothing_is_decided_before_the_sync) {
    request& r = send(tested);
    EXPECT_TRUE(tested.row(7));
    EXPECT_TRUE(tested.null());
    EXPECT_EQ(tested.size(), 1);
    EXPECT_EQ(r.id, 0);
    ASSERT_TRUE(sync());
    EXPECT_EQ(completion.done, &r);
    EXPECT_FALSE(completion.error);
    EXPECT_EQ(r.id, 7);
    EXPECT_TRUE(tested.empty());
}

TEST_F(postgres_pipeline, completes_in_the_order_sent) {
    std::vector<request*> sent;
    for (int i = 0; i < 4; ++i)
        sent.push_back(&send(tested));
    EXPECT_TRUE(tested.full());
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(store(10 + i));
        EXPECT_EQ(completion.done, sent[i]);
        EXPECT_EQ(sent[i]->id, 10 + i);
    }
}

TEST_F(postgres_pipeline, an_sqlstate_is_a_refusal_and_the_next_statement_starts_afresh) {
    request& bad = send(tested);
    request& good = send(tested);
    EXPECT_TRUE(tested.error("23505", false));
    EXPECT_TRUE(tested.null());
    ASSERT_TRUE(sync());
    EXPECT_EQ(completion.done, &bad);
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(bad.sqlstate.data(), "23505");
    ASSERT_TRUE(store(8));
    EXPECT_EQ(completion.done, &good);
    EXPECT_FALSE(completion.error);
    EXPECT_STREQ(good.sqlstate.data(), "");
}

TEST_F(postgres_pipeline, an_error_after_the_row_came_at_commit_and_refuses) {
    request& r = send(tested);
    EXPECT_TRUE(tested.row(9));
    EXPECT_TRUE(tested.null());
    EXPECT_TRUE(tested.error("23514", false));
    EXPECT_TRUE(tested.null());
    ASSERT_TRUE(sync());
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(r.sqlstate.data(), "23514");
}

TEST_F(postgres_pipeline, a_statement_without_a_row_is_a_refusal) {
    request& r = send(tested);
    EXPECT_TRUE(tested.no_row());
    EXPECT_TRUE(tested.null());
    ASSERT_TRUE(sync());
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(r.sqlstate.data(), "02000");
}

TEST_F(postgres_pipeline, the_end_of_the_session_decides_nothing) {
    request& reported = send(tested);
    request& behind = send(tested);
    EXPECT_TRUE(tested.row(1));
    EXPECT_TRUE(tested.null());
    EXPECT_FALSE(tested.error("57P01", true));
    EXPECT_THAT(fail(),
                ElementsAre(Pair(&reported, errc::outcome_unknown), Pair(&behind, errc::outcome_unknown)));
}

TEST_F(postgres_pipeline, an_error_of_libpqs_own_decides_nothing) {
    request& r = send(tested);
    EXPECT_FALSE(tested.error("", false));
    EXPECT_THAT(fail(), ElementsAre(Pair(&r, errc::outcome_unknown)));
}

TEST_F(postgres_pipeline, a_refusal_stands_though_the_link_is_lost_before_the_sync) {
    request& refused = send(tested);
    request& unknown = send(tested);
    EXPECT_TRUE(tested.error("23505", false));
    EXPECT_THAT(fail(), ElementsAre(Pair(&refused, errc::refused), Pair(&unknown, errc::outcome_unknown)));
    EXPECT_STREQ(refused.sqlstate.data(), "23505");
    EXPECT_STREQ(unknown.sqlstate.data(), "");
}

TEST_F(postgres_pipeline, many_nulls_in_a_row_are_a_broken_connection) {
    send(tested);
    EXPECT_TRUE(tested.null());
    EXPECT_TRUE(tested.null());
    EXPECT_FALSE(tested.null());
    EXPECT_EQ(fail().size(), 1);
    EXPECT_TRUE(tested.null()); // counts anew on the next connection
}

TEST_F(postgres_pipeline, any_number_of_statements_may_be_prepared_before_the_first_is_sent) {
    for (int i = 0; i < 5; ++i) {
        tested.prepared();
        EXPECT_TRUE(tested.null());
    }
}

TEST_F(postgres_pipeline, nulls_between_results_are_no_sign_of_anything) {
    for (int i = 0; i < 20; ++i) {
        send(tested);
        ASSERT_TRUE(tested.row(i) && tested.null() && tested.error("23514", false) && tested.null());
        ASSERT_TRUE(sync());
    }
}

TEST_F(postgres_pipeline, results_that_fit_nothing_sent_are_refused) {
    EXPECT_FALSE(tested.row(1));
    EXPECT_FALSE(tested.no_row());
    EXPECT_FALSE(tested.error("23505", false));
    EXPECT_FALSE(sync());
    send(tested);
    EXPECT_FALSE(sync()) << "a sync without an answer";
    EXPECT_TRUE(tested.row(1));
    EXPECT_FALSE(tested.row(2)) << "two answers";
    EXPECT_FALSE(tested.no_row());
}

TEST_F(postgres_pipeline, drops_the_reply_of_an_abandoned_request) {
    const time_point start{};
    request& late = send(tested, start);
    request& fine = send(tested, start + 10ms);
    EXPECT_TRUE(tested.abandon_before(start + 5ms));
    EXPECT_THAT(decided(), ElementsAre(Pair(&late, errc::timed_out)));
    EXPECT_FALSE(tested.abandon_before(start + 5ms));
    EXPECT_TRUE(tested.stalled());
    EXPECT_EQ(tested.size(), 2) << "the place is kept for the reply";
    late.id = -1;
    EXPECT_TRUE(tested.row(1) && tested.null() && tested.sync());
    EXPECT_FALSE(tested.next(completion));
    EXPECT_EQ(late.id, -1) << "the request is its owner's again";
    EXPECT_FALSE(tested.stalled());
    ASSERT_TRUE(store(2));
    EXPECT_EQ(completion.done, &fine);
}

TEST_F(postgres_pipeline, an_abandoned_request_is_not_failed_again_with_the_link) {
    const time_point start{};
    send(tested, start);
    request& live = send(tested, start + 10ms);
    ASSERT_TRUE(tested.abandon_before(start + 5ms));
    EXPECT_EQ(decided().size(), 1);
    EXPECT_THAT(fail(), ElementsAre(Pair(&live, errc::outcome_unknown)));
}

TEST_F(postgres_pipeline, the_deadline_counts_from_submit_and_the_hard_limit_from_sending) {
    const time_point start{};
    request& waited = requests.emplace_back();
    waited.submitted = start;
    tested.sent(waited, start + 50ms); // had waited for a connection
    EXPECT_FALSE(tested.oldest_before(start + 50ms));
    EXPECT_TRUE(tested.oldest_before(start + 51ms));
    EXPECT_FALSE(tested.abandon_before(start));
    EXPECT_TRUE(tested.abandon_before(start + 1ms));
    EXPECT_THAT(decided(), ElementsAre(Pair(&waited, errc::timed_out)));
    EXPECT_TRUE(tested.oldest_before(start + 51ms)) << "though abandoned";
    EXPECT_TRUE(tested.row(1) && tested.null() && tested.sync());
    EXPECT_FALSE(tested.oldest_before(start + 1h));
}

TEST(postgres_errors, have_messages_and_a_name_in_the_metrics) {
    for (const auto e :
         {errc::refused, errc::unavailable, errc::overloaded, errc::outcome_unknown, errc::timed_out}) {
        EXPECT_NE(make_error_code(e).message(), "unknown error");
        EXPECT_TRUE(make_error_code(e).failed());
    }
}

} // namespace
