#include "ingest/postgres/error.hpp"
#include "ingest/postgres/pipeline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace beastmark::postgres;
using namespace std::chrono_literals;
using boost::system::error_code;
using time_point = pipeline::time_point;

class postgres_pipeline : public ::testing::Test {
protected:
    request& send(pipeline& to, time_point at = {}) {
        request& r = requests.emplace_back();
        r.submitted = at;
        to.sent(r, at);
        return r;
    }

    // The results of one statement that is stored.
    static bool store(pipeline& p, std::int64_t id, pipeline::completion& c) {
        return p.row(id) && p.null() && p.sync(c);
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
    ASSERT_TRUE(tested.sync(completion));
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
        ASSERT_TRUE(store(tested, 10 + i, completion));
        EXPECT_EQ(completion.done, sent[i]);
        EXPECT_EQ(sent[i]->id, 10 + i);
    }
}

TEST_F(postgres_pipeline, an_sqlstate_is_a_refusal_and_the_next_statement_starts_afresh) {
    request& bad = send(tested);
    request& good = send(tested);
    EXPECT_TRUE(tested.error("23505", false));
    EXPECT_TRUE(tested.null());
    ASSERT_TRUE(tested.sync(completion));
    EXPECT_EQ(completion.done, &bad);
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(bad.sqlstate.data(), "23505");
    ASSERT_TRUE(store(tested, 8, completion));
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
    ASSERT_TRUE(tested.sync(completion));
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(r.sqlstate.data(), "23514");
}

TEST_F(postgres_pipeline, a_statement_without_a_row_is_a_refusal) {
    request& r = send(tested);
    EXPECT_TRUE(tested.no_row());
    EXPECT_TRUE(tested.null());
    ASSERT_TRUE(tested.sync(completion));
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_STREQ(r.sqlstate.data(), "02000");
}

TEST_F(postgres_pipeline, the_end_of_the_session_decides_nothing) {
    request& reported = send(tested);
    request& behind = send(tested);
    EXPECT_TRUE(tested.row(1));
    EXPECT_TRUE(tested.null());
    EXPECT_FALSE(tested.error("57P01", true));
    error_code error;
    EXPECT_EQ(tested.fail_next(error), &reported);
    EXPECT_EQ(error, errc::outcome_unknown);
    EXPECT_EQ(tested.fail_next(error), &behind);
    EXPECT_EQ(error, errc::outcome_unknown);
    EXPECT_EQ(tested.fail_next(error), nullptr);
}

TEST_F(postgres_pipeline, an_error_of_libpqs_own_decides_nothing) {
    send(tested);
    EXPECT_FALSE(tested.error("", false));
    error_code error;
    tested.fail_next(error);
    EXPECT_EQ(error, errc::outcome_unknown);
}

TEST_F(postgres_pipeline, a_refusal_stands_though_the_link_is_lost_before_the_sync) {
    request& refused = send(tested);
    request& unknown = send(tested);
    EXPECT_TRUE(tested.error("23505", false));
    error_code error;
    EXPECT_EQ(tested.fail_next(error), &refused);
    EXPECT_EQ(error, errc::refused);
    EXPECT_STREQ(refused.sqlstate.data(), "23505");
    EXPECT_EQ(tested.fail_next(error), &unknown);
    EXPECT_EQ(error, errc::outcome_unknown);
    EXPECT_STREQ(unknown.sqlstate.data(), "");
}

TEST_F(postgres_pipeline, many_nulls_in_a_row_are_a_broken_connection) {
    send(tested);
    EXPECT_TRUE(tested.null());
    EXPECT_TRUE(tested.null());
    EXPECT_FALSE(tested.null());
    error_code error;
    EXPECT_NE(tested.fail_next(error), nullptr);
    EXPECT_EQ(tested.fail_next(error), nullptr);
    EXPECT_TRUE(tested.null()); // counts anew on the next connection
}

TEST_F(postgres_pipeline, nulls_between_results_are_no_sign_of_anything) {
    for (int i = 0; i < 20; ++i) {
        send(tested);
        ASSERT_TRUE(tested.row(i) && tested.null() && tested.error("23514", false) && tested.null());
        ASSERT_TRUE(tested.sync(completion));
    }
}

TEST_F(postgres_pipeline, results_that_fit_nothing_sent_are_refused) {
    EXPECT_FALSE(tested.row(1));
    EXPECT_FALSE(tested.no_row());
    EXPECT_FALSE(tested.error("23505", false));
    EXPECT_FALSE(tested.sync(completion));
    send(tested);
    EXPECT_FALSE(tested.sync(completion)) << "a sync without an answer";
    EXPECT_TRUE(tested.row(1));
    EXPECT_FALSE(tested.row(2)) << "two answers";
    EXPECT_FALSE(tested.no_row());
}

TEST_F(postgres_pipeline, drops_the_reply_of_an_abandoned_request) {
    const time_point start{};
    request& late = send(tested, start);
    request& fine = send(tested, start + 10ms);
    EXPECT_EQ(tested.abandon_before(start + 5ms), &late);
    EXPECT_EQ(tested.abandon_before(start + 5ms), nullptr);
    EXPECT_TRUE(tested.stalled());
    EXPECT_EQ(tested.size(), 2) << "the place is kept for the reply";
    late.id = -1;
    ASSERT_TRUE(store(tested, 1, completion));
    EXPECT_EQ(completion.done, nullptr);
    EXPECT_EQ(late.id, -1) << "the request is its owner's again";
    EXPECT_FALSE(tested.stalled());
    ASSERT_TRUE(store(tested, 2, completion));
    EXPECT_EQ(completion.done, &fine);
}

TEST_F(postgres_pipeline, an_abandoned_request_is_not_failed_again_with_the_link) {
    const time_point start{};
    send(tested, start);
    request& live = send(tested, start + 10ms);
    ASSERT_NE(tested.abandon_before(start + 5ms), nullptr);
    error_code error;
    EXPECT_EQ(tested.fail_next(error), &live);
    EXPECT_EQ(tested.fail_next(error), nullptr);
}

TEST_F(postgres_pipeline, the_deadline_counts_from_submit_and_the_hard_limit_from_sending) {
    const time_point start{};
    request& waited = requests.emplace_back();
    waited.submitted = start;
    tested.sent(waited, start + 50ms); // had waited for a connection
    EXPECT_FALSE(tested.oldest_before(start + 50ms));
    EXPECT_TRUE(tested.oldest_before(start + 51ms));
    EXPECT_EQ(tested.abandon_before(start), nullptr);
    EXPECT_EQ(tested.abandon_before(start + 1ms), &waited);
    EXPECT_TRUE(tested.oldest_before(start + 51ms)) << "though abandoned";
    ASSERT_TRUE(store(tested, 1, completion));
    EXPECT_FALSE(tested.oldest_before(start + 1h));
}

// A server that answers in any of its ways, a clock that runs, a link that breaks: whatever the order, each
// request is completed once, and as the server decided.
class random_history {
public:
    explicit random_history(std::uint32_t seed) : random_(seed) {}

    void play() {
        for (int step = 0; step < 300; ++step) {
            now_ += std::chrono::milliseconds(pick(5));
            switch (pick(6)) {
            case 0:
            case 1:
                if (!tested_.full())
                    send();
                break;
            case 2:
            case 3:
            case 4:
                if (!script_.empty())
                    deliver();
                break;
            default:
                if (pick(8) == 0)
                    break_link();
                while (request* const r = tested_.abandon_before(now_ - 20ms))
                    record(*r, errc::timed_out);
            }
        }
        break_link();
        for (const auto& n : nodes_) {
            ASSERT_EQ(n.completions, 1);
            if (!n.error) {
                EXPECT_EQ(n.fate, fate::stored);
                EXPECT_EQ(n.id, n.number);
            } else if (n.error == errc::refused) {
                EXPECT_NE(n.fate, fate::stored);
            }
        }
    }

private:
    enum class fate { stored, refused, refused_at_commit, swallowed };
    enum class event { row, no_row, error, null, sync };

    struct node : request {
        int number = 0;
        enum fate fate = fate::stored;
        int completions = 0;
        error_code error;
    };

    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    void send() {
        node& n = nodes_.emplace_back();
        n.number = static_cast<int>(nodes_.size());
        n.submitted = now_;
        n.fate = static_cast<fate>(pick(4));
        static const std::vector<event> scripts[] = {
            {event::row, event::null, event::sync},
            {event::error, event::null, event::sync},
            {event::row, event::null, event::error, event::null, event::sync},
            {event::no_row, event::null, event::sync}};
        for (const event e : scripts[static_cast<int>(n.fate)])
            script_.emplace_back(e, n.number);
        tested_.sent(n, now_);
    }

    void deliver() {
        const auto [what, number] = script_.front();
        script_.pop_front();
        pipeline::completion c;
        switch (what) {
        case event::row:
            EXPECT_TRUE(tested_.row(number));
            break;
        case event::no_row:
            EXPECT_TRUE(tested_.no_row());
            break;
        case event::error:
            EXPECT_TRUE(tested_.error("23514", false));
            break;
        case event::null:
            EXPECT_TRUE(tested_.null());
            break;
        case event::sync:
            ASSERT_TRUE(tested_.sync(c));
            if (c.done != nullptr) {
                node& n = static_cast<node&>(*c.done);
                EXPECT_EQ(n.number, number);
                EXPECT_EQ(!c.error, n.fate == fate::stored);
                record(n, c.error);
            }
        }
    }

    void break_link() {
        script_.clear();
        error_code error;
        while (request* const r = tested_.fail_next(error)) {
            EXPECT_TRUE(error == errc::outcome_unknown || error == errc::refused);
            record(*r, error);
        }
        EXPECT_TRUE(tested_.empty());
    }

    static void record(request& r, error_code error) {
        auto& n = static_cast<node&>(r);
        ++n.completions;
        n.error = error;
    }

    std::minstd_rand random_;
    pipeline tested_{5};
    std::deque<node> nodes_;
    std::deque<std::pair<event, int>> script_;
    time_point now_{};
};

TEST(postgres_pipeline_property, each_request_is_completed_exactly_once) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        random_history(seed).play();
        if (HasFailure())
            break;
    }
}

TEST(postgres_errors, have_messages_and_a_name_in_the_metrics) {
    for (const auto e :
         {errc::refused, errc::unavailable, errc::overloaded, errc::outcome_unknown, errc::timed_out}) {
        EXPECT_NE(make_error_code(e).message(), "unknown error");
        EXPECT_TRUE(make_error_code(e).failed());
    }
}

} // namespace
