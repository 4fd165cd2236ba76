// A server that answers in any of its ways, a clock that runs, a link that breaks: whatever the order, each
// request is completed once, and as the server decided.
#include "ingest/postgres/error.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "tests/unit/ingest/postgres_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>
#include <vector>

namespace {

using namespace beastmark::postgres;
using namespace std::chrono_literals;
using beastmark::testing::key_of;
using boost::system::error_code;

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
                tested_.abandon_before(now_ - 20ms);
                record_decided();
            }
        }
        break_link();
        for (const auto& n : nodes_)
            expect_truth(n);
    }

private:
    enum class fate { stored, refused, refused_at_commit, swallowed };
    enum class event { row, rows_end, no_row, error, null, sync };

    struct node : request {
        int number = 0;
        enum fate fate = fate::stored;
        bool in_group = false;
        int completions = 0;
        error_code error;
    };

    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    node& make(enum fate its, bool in_group) {
        node& n = nodes_.emplace_back();
        n.number = static_cast<int>(nodes_.size());
        n.key = key_of(static_cast<std::uint32_t>(n.number));
        n.submitted = now_;
        n.fate = its;
        n.in_group = in_group;
        return n;
    }

    void send() {
        if (pick(2) == 0)
            send_group();
        else
            send_one();
    }

    void send_one() {
        node& n = make(static_cast<fate>(pick(4)), false);
        static const std::vector<event> scripts[] = {
            {event::row, event::null, event::sync},
            {event::error, event::null, event::sync},
            {event::row, event::null, event::error, event::null, event::sync},
            {event::no_row, event::null, event::sync}};
        for (const event e : scripts[static_cast<int>(n.fate)])
            script_.emplace_back(e, &n);
        tested_.sent(n, now_);
    }

    // The rows of one share the fate of being refused, but may be swallowed alone; they come in any order.
    void send_group() {
        const auto whole = static_cast<fate>(pick(3));
        request_list list;
        std::vector<node*> coming;
        for (int rows = 1 + pick(4); rows > 0; --rows) {
            node& n = make(whole == fate::stored && pick(4) == 0 ? fate::swallowed : whole, true);
            list.push_back(n);
            if (n.fate != fate::swallowed)
                coming.push_back(&n);
        }
        std::ranges::shuffle(coming, random_);
        if (whole != fate::refused) {
            for (node* const n : coming)
                script_.emplace_back(event::row, n);
            script_.emplace_back(event::rows_end, nullptr);
            script_.emplace_back(event::null, nullptr);
        }
        if (whole != fate::stored) {
            script_.emplace_back(event::error, nullptr);
            script_.emplace_back(event::null, nullptr);
        }
        script_.emplace_back(event::sync, nullptr);
        tested_.sent(list, now_);
        list.clear();
    }

    void deliver() {
        const auto [what, of] = script_.front();
        script_.pop_front();
        switch (what) {
        case event::row:
            EXPECT_TRUE(of->in_group ? tested_.row(of->key, of->number) : tested_.row(of->number));
            break;
        case event::rows_end:
            EXPECT_TRUE(tested_.rows_end());
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
            EXPECT_TRUE(tested_.sync());
            record_decided();
        }
    }

    void break_link() {
        script_.clear();
        tested_.fail();
        EXPECT_TRUE(tested_.empty());
        record_decided();
    }

    void record_decided() {
        pipeline::completion c;
        while (tested_.next(c)) {
            auto& n = static_cast<node&>(*c.done);
            ++n.completions;
            n.error = c.error;
            EXPECT_TRUE(!c.try_alone || (n.in_group && c.error == errc::refused));
        }
    }

    static void expect_truth(const node& n) {
        EXPECT_EQ(n.completions, 1);
        if (!n.error) {
            EXPECT_EQ(n.fate, fate::stored);
            EXPECT_EQ(n.id, n.number);
        } else if (n.error == errc::refused) {
            EXPECT_NE(n.fate, fate::stored);
        } else {
            EXPECT_TRUE(n.error == errc::outcome_unknown || n.error == errc::timed_out);
        }
    }

    std::minstd_rand random_;
    pipeline tested_{5};
    std::deque<node> nodes_;
    std::deque<std::pair<event, node*>> script_;
    pipeline::time_point now_{};
};

TEST(postgres_pipeline_history, completes_each_request_exactly_once_and_truthfully) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        random_history(seed).play();
        if (::testing::Test::HasFailure())
            break;
    }
}

} // namespace
