#include "ingest/memcached/error.hpp"
#include "ingest/memcached/set_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace beastmark::memcached;
using namespace std::chrono_literals;
using boost::system::error_code;
using progress = set_queue::progress;
using time_point = set_queue::time_point;

void receive(set_queue& queue, std::string_view bytes) {
    const auto space = queue.read_space();
    ASSERT_GE(space.size(), bytes.size());
    std::ranges::copy(bytes, space.begin());
    queue.received(bytes.size());
}

class memcached_set_queue : public ::testing::Test {
protected:
    set_request& push(std::string_view key, std::string_view value, time_point at = {}) {
        auto& r = requests.emplace_back();
        r.key = key;
        r.value = value;
        r.ttl_s = 20;
        r.submitted = at;
        tested.push(r, at + wait);
        return r;
    }

    set_request* abandon(time_point now) {
        std::size_t place = 0;
        return tested.abandon_overdue(now, place);
    }

    std::chrono::milliseconds wait = 15ms; // until the deadline

    std::deque<set_request> requests;
    set_queue tested{4};
    set_queue::completion completion;
};

TEST_F(memcached_set_queue, all_pushed_since_leave_as_one_piece) {
    push("a", "1");
    push("b", "22");
    EXPECT_EQ(tested.start_write(), "ms a 1 T20\r\n1\r\nms b 2 T20\r\n22\r\n");
    push("c", "");
    EXPECT_EQ(tested.start_write(), "") << "one piece at a time";
    EXPECT_TRUE(tested.writing());
    tested.written();
    EXPECT_EQ(tested.start_write(), "ms c 0 T20\r\n\r\n");
    tested.written();
    EXPECT_EQ(tested.start_write(), "");
    EXPECT_FALSE(tested.writing());
}

TEST_F(memcached_set_queue, the_set_is_copied_so_that_an_abandoned_one_may_go) {
    {
        std::string value = "short-lived";
        push("a", value);
        value.assign(value.size(), '#');
    }
    ASSERT_NE(abandon(time_point{} + 15ms), nullptr);
    EXPECT_EQ(tested.start_write(), "ms a 11 T20\r\nshort-lived\r\n");
}

TEST_F(memcached_set_queue, replies_are_matched_in_order) {
    auto& a = push("a", "1");
    auto& b = push("b", "1");
    auto& c = push("c", "1");
    tested.start_write();
    receive(tested, "HD\r\nNS\r\nSERVER_ERROR out of memory storing object\r\n");
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, &a);
    EXPECT_FALSE(completion.error);
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, &b);
    EXPECT_EQ(completion.error, errc::refused);
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, &c);
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_EQ(tested.next(completion), progress::need_bytes);
    EXPECT_TRUE(tested.empty());
}

TEST_F(memcached_set_queue, replies_may_be_cut_at_every_byte) {
    const std::string bytes = "HD\r\nSERVER_ERROR object too large for cache\r\nHD\r\n";
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); ++second) {
            set_queue queue(3);
            std::deque<set_request> sets(3);
            for (auto& r : sets) {
                r.key = "k";
                queue.push(r, time_point::max());
            }
            std::vector<std::pair<set_request*, bool>> seen;
            const std::string_view view = bytes;
            for (const auto part :
                 {view.substr(0, first), view.substr(first, second - first), view.substr(second)}) {
                receive(queue, part);
                set_queue::completion c;
                progress p;
                while ((p = queue.next(c)) == progress::completed)
                    seen.emplace_back(c.request, c.error.failed());
                ASSERT_EQ(p, progress::need_bytes);
            }
            const std::vector<std::pair<set_request*, bool>> expected{
                {&sets[0], false}, {&sets[1], true}, {&sets[2], false}};
            ASSERT_EQ(seen, expected) << first << " " << second;
        }
    }
}

TEST_F(memcached_set_queue, an_error_about_the_command_refuses_it_and_ends_the_trust_in_the_link) {
    auto& a = push("a", "1");
    auto& b = push("b", "1");
    tested.start_write();
    receive(tested, "CLIENT_ERROR bad data chunk\r\nERROR\r\n");
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, &a);
    EXPECT_EQ(completion.error, errc::refused);
    EXPECT_EQ(tested.next(completion), progress::out_of_sync);
    EXPECT_EQ(tested.offending_line(), "CLIENT_ERROR bad data chunk");
    error_code error;
    EXPECT_EQ(tested.fail_next(error), &b);
    EXPECT_EQ(error, errc::lost);
}

TEST_F(memcached_set_queue, what_answers_nothing_is_out_of_sync) {
    receive(tested, "HD\r\n");
    EXPECT_EQ(tested.next(completion), progress::out_of_sync);

    set_queue unexpected(2);
    set_request r;
    r.key = "k";
    unexpected.push(r, time_point::max());
    receive(unexpected, "MN\r\n");
    EXPECT_EQ(unexpected.next(completion), progress::out_of_sync);

    set_queue garbage(2);
    garbage.push(r, time_point::max());
    receive(garbage, "HTTP/1.1 400 \x1b[31m\r\n");
    EXPECT_EQ(garbage.next(completion), progress::out_of_sync);
    EXPECT_EQ(garbage.offending_line(), "HTTP/1.1 400 ?[31m") << "nothing a terminal would obey";
}

TEST_F(memcached_set_queue, an_endless_line_is_out_of_sync) {
    push("a", "1");
    receive(tested, std::string(2000, 'x'));
    EXPECT_EQ(tested.next(completion), progress::out_of_sync);
    EXPECT_EQ(tested.offending_line().size(), 80);
}

TEST_F(memcached_set_queue, the_probe_is_answered_without_a_request) {
    tested.push_probe({});
    EXPECT_EQ(tested.start_write(), "mn\r\n");
    receive(tested, "MN\r\n");
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, nullptr);
    EXPECT_FALSE(completion.error);
    EXPECT_TRUE(tested.empty());
}

TEST_F(memcached_set_queue, a_probe_answered_by_anything_else_has_failed) {
    tested.push_probe({});
    receive(tested, "ERROR Too many open connections\r\n");
    EXPECT_EQ(tested.next(completion), progress::out_of_sync);
    EXPECT_EQ(tested.offending_line(), "ERROR Too many open connections");

    set_queue stored(2);
    stored.push_probe({});
    receive(stored, "HD\r\n");
    EXPECT_EQ(stored.next(completion), progress::out_of_sync);
}

TEST_F(memcached_set_queue, drops_the_reply_of_an_abandoned_set) {
    const time_point start{};
    auto& late = push("a", "1", start);
    auto& fine = push("b", "1", start + 10ms);
    EXPECT_EQ(abandon(start + 14ms), nullptr);
    EXPECT_EQ(abandon(start + 15ms), &late);
    EXPECT_EQ(abandon(start + 15ms), nullptr);
    EXPECT_TRUE(tested.oldest_before(start + 1ms));
    receive(tested, "HD\r\n");
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, nullptr);
    EXPECT_FALSE(tested.oldest_before(start + 10ms));
    receive(tested, "HD\r\n");
    ASSERT_EQ(tested.next(completion), progress::completed);
    EXPECT_EQ(completion.request, &fine);
}

TEST_F(memcached_set_queue, deadlines_need_not_be_in_order) {
    auto& patient = push("a", "1");
    wait = 5ms;
    auto& hurried = push("b", "1");
    auto& hurried_too = push("c", "1");
    std::size_t place = 0;
    EXPECT_EQ(tested.abandon_overdue(time_point{} + 5ms, place), &hurried);
    EXPECT_EQ(tested.abandon_overdue(time_point{} + 5ms, place), &hurried_too);
    EXPECT_EQ(tested.abandon_overdue(time_point{} + 5ms, place), nullptr);
    for (set_request* const told : {&patient, static_cast<set_request*>(nullptr)}) {
        receive(tested, "HD\r\n");
        ASSERT_EQ(tested.next(completion), progress::completed);
        EXPECT_EQ(completion.request, told);
    }
}

TEST_F(memcached_set_queue, a_lost_link_tells_what_was_sent_from_what_was_not) {
    auto& sent = push("a", "1");
    tested.start_write();
    auto& kept = push("b", "1");
    error_code error;
    EXPECT_EQ(tested.fail_next(error), &sent);
    EXPECT_EQ(error, errc::lost);
    EXPECT_EQ(tested.fail_next(error), &kept);
    EXPECT_EQ(error, errc::unavailable);
    EXPECT_EQ(tested.fail_next(error), nullptr);
}

TEST_F(memcached_set_queue, is_as_new_after_a_lost_link) {
    push("a", "1");
    tested.start_write();
    push("b", "1");
    receive(tested, "H");
    error_code error;
    while (tested.fail_next(error) != nullptr)
        ;
    EXPECT_TRUE(tested.empty());
    EXPECT_FALSE(tested.writing());
    tested.push_probe({});
    EXPECT_EQ(tested.start_write(), "mn\r\n");
    receive(tested, "MN\r\n");
    EXPECT_EQ(tested.next(completion), progress::completed);
    auto& c = push("c", "1");
    EXPECT_EQ(tested.fail_next(error), &c);
    EXPECT_EQ(error, errc::unavailable) << "offsets start anew";
}

TEST_F(memcached_set_queue, is_bounded) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(tested.full());
        push("a", "1");
    }
    EXPECT_TRUE(tested.full());
    ASSERT_NE(abandon(time_point{} + 15ms), nullptr);
    EXPECT_TRUE(tested.full()) << "an abandoned set's reply is still to come";
}

// Sets, writes, replies cut anywhere, time and lost links in any order: each set is completed once, and a
// stored one only when memcached said so.
TEST(memcached_set_queue_property, each_set_is_completed_exactly_once) {
    struct node : set_request {
        int completions = 0;
        bool answered = false;
        error_code error;
    };

    static constexpr const char* answers[] = {"HD\r\n", "NS\r\n", "SERVER_ERROR no\r\n"};
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        std::minstd_rand random(seed);
        const auto pick = [&](unsigned below) { return random() % below; };
        set_queue queue(6);
        std::deque<node> nodes;
        std::deque<node*> at_server;
        std::string wire; // from the server
        time_point now{};
        const auto record = [](set_request* r, error_code e) {
            auto& n = static_cast<node&>(*r);
            ++n.completions;
            n.error = e;
        };
        const auto lose = [&] {
            error_code error;
            while (auto* const r = queue.fail_next(error))
                record(r, error);
            at_server.clear();
            wire.clear();
        };
        std::deque<node*> unsent;
        for (int step = 0; step < 400; ++step) {
            now += std::chrono::milliseconds(pick(4));
            switch (pick(6)) {
            case 0:
            case 1:
                if (!queue.full()) {
                    auto& n = nodes.emplace_back();
                    n.key = "k";
                    n.submitted = now;
                    queue.push(n, now + std::chrono::milliseconds(pick(30)));
                    unsent.push_back(&n);
                }
                break;
            case 2:
                if (!queue.start_write().empty()) {
                    at_server.insert(at_server.end(), unsent.begin(), unsent.end());
                    unsent.clear();
                    queue.written();
                }
                break;
            case 3:
                if (!at_server.empty()) {
                    const auto answer = pick(3);
                    at_server.front()->answered = answer == 0;
                    at_server.pop_front();
                    wire += answers[answer];
                }
                break;
            case 4: {
                const auto n = std::min<std::size_t>(wire.size(), pick(12));
                receive(queue, std::string_view(wire).substr(0, n));
                wire.erase(0, n);
                set_queue::completion c;
                progress p;
                while ((p = queue.next(c)) == progress::completed)
                    if (c.request != nullptr)
                        record(c.request, c.error);
                ASSERT_EQ(p, progress::need_bytes);
                break;
            }
            default: {
                std::size_t place = 0;
                while (auto* const r = queue.abandon_overdue(now, place))
                    record(r, errc::timed_out);
                if (pick(10) == 0) {
                    lose();
                    unsent.clear();
                }
            }
            }
        }
        lose();
        for (const auto& n : nodes) {
            ASSERT_EQ(n.completions, 1);
            if (!n.error) {
                EXPECT_TRUE(n.answered);
            }
        }
    }
}

} // namespace
