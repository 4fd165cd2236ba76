#include "common/event_loop.hpp"
#include "loadgen/pacer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct hearing final : event_loop::listener {
    std::function<void(std::uint32_t)> what;

    explicit hearing(std::function<void(std::uint32_t)> f) : what(std::move(f)) {}

    void ready(std::uint32_t events) override { what(events); }
};

struct socket_pair {
    std::array<int, 2> ends{};

    socket_pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }

    ~socket_pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }

    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;

    void tell() const { EXPECT_EQ(::write(ends[1], "x", 1), 1); }

    void take() const {
        char byte = 0;
        EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    }
};

TEST(event_loop, timers_fire_in_the_order_of_their_times_and_not_when_cancelled) {
    event_loop loop;
    std::vector<int> fired;
    timer never(loop, [&] { fired.push_back(99); });
    timer third(loop, [&] {
        fired.push_back(3);
        loop.stop();
    });
    timer first(loop, [&] { fired.push_back(1); });
    timer second(loop, [&] {
        fired.push_back(2);
        never.cancel(); // due in the same turn
    });
    const auto now = clock::now();
    third.set(now + 30ms);
    never.set(now + 11ms);
    second.set(now + 10ms);
    first.set(now - 1s); // past: at once
    EXPECT_TRUE(first.is_set());
    loop.run(false);
    EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
    EXPECT_FALSE(first.is_set());
    EXPECT_GE(clock::now(), now + 30ms);
}

TEST(event_loop, a_timer_set_again_fires_at_its_last_time_and_may_set_itself) {
    event_loop loop;
    const auto start = clock::now();
    int count = 0;
    timer* self = nullptr;
    timer t(loop, [&] {
        if (++count == 3)
            loop.stop();
        else
            self->set(clock::now() + 5ms);
    });
    self = &t;
    t.set(start + 10s);
    t.set(start + 5ms);
    loop.run(false);
    EXPECT_EQ(count, 3);
    EXPECT_GE(clock::now() - start, 15ms);
    EXPECT_LT(clock::now() - start, 9s);
}

TEST(event_loop, an_exact_timer_never_fires_early_and_can_be_set_again_and_again) {
    for (const bool spin : {false, true}) {
        event_loop loop;
        int count = 0;
        clock::time_point due{};
        exact_timer* self = nullptr;
        hearing on_time([&](std::uint32_t) {
            EXPECT_GE(clock::now(), due);
            if (++count == 50) {
                loop.stop();
                return;
            }
            due = clock::now() + 200us;
            self->set(due);
        });
        exact_timer t(loop, on_time);
        self = &t;
        due = clock::now() - 1s; // past: at once
        t.set(due);
        loop.run(spin);
        EXPECT_EQ(count, 50);
    }
}

TEST(event_loop, a_cancelled_exact_timer_stays_silent) {
    event_loop loop;
    int count = 0;
    hearing on_time([&](std::uint32_t) { ++count; });
    exact_timer t(loop, on_time);
    t.set(clock::now() + 5ms);
    t.cancel();
    timer end(loop, [&] { loop.stop(); });
    end.set(clock::now() + 30ms);
    loop.run(false);
    EXPECT_EQ(count, 0);
}

TEST(event_loop, tasks_of_other_threads_run_on_its_thread_in_order) {
    event_loop loop;
    std::vector<int> ran;
    std::thread::id where;
    std::jthread other([&] {
        for (int i = 0; i < 1000; ++i)
            loop.post([&, i] { ran.push_back(i); });
        loop.post([&] {
            where = std::this_thread::get_id();
            loop.stop();
        });
    });
    loop.run(false);
    ASSERT_EQ(ran.size(), 1000u);
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(event_loop, a_watch_that_is_taken_away_hears_nothing_of_the_same_turn) {
    event_loop loop;
    const socket_pair one;
    const socket_pair two;
    int heard = 0;
    event_loop::watch first = 0;
    event_loop::watch second = 0;
    hearing on_one([&](std::uint32_t) {
        ++heard;
        loop.remove(second, two.ends[0]);
    });
    hearing on_two([&](std::uint32_t) {
        ++heard;
        loop.remove(first, one.ends[0]);
    });
    first = *loop.add(one.ends[0], EPOLLIN, on_one);
    second = *loop.add(two.ends[0], EPOLLIN, on_two);
    one.tell();
    two.tell(); // both are told by one epoll_wait
    timer end(loop, [&] { loop.stop(); });
    end.set(clock::now() + 30ms);
    loop.run(false);
    EXPECT_EQ(heard, 1);
}

TEST(event_loop, what_came_for_a_watch_is_not_told_to_its_successor) {
    event_loop loop;
    const socket_pair one;
    const socket_pair two;
    const socket_pair silent;
    bool removed = false;
    int wrongly = 0;
    hearing successor([&](std::uint32_t) { ++wrongly; });
    hearing victim([](std::uint32_t) {});
    event_loop::watch watched = 0;
    hearing on_one([&](std::uint32_t) {
        if (removed)
            return;
        removed = true;
        loop.remove(watched, two.ends[0]);
        EXPECT_EQ(*loop.add(silent.ends[0], EPOLLIN, successor), watched); // the same place
    });
    ASSERT_TRUE(loop.add(one.ends[0], EPOLLIN, on_one));
    watched = *loop.add(two.ends[0], EPOLLIN, victim);
    one.tell();
    two.tell();
    timer end(loop, [&] { loop.stop(); });
    end.set(clock::now() + 30ms);
    loop.run(false);
    EXPECT_TRUE(removed);
    EXPECT_EQ(wrongly, 0);
}

TEST(event_loop, a_descriptor_that_cannot_be_watched_is_refused) {
    event_loop loop;
    hearing never([](std::uint32_t) {});
    EXPECT_FALSE(loop.add(-1, EPOLLIN, never));
    EXPECT_EQ(errno, EBADF);
}

TEST(event_loop, what_is_to_be_done_before_it_waits_is_done_once_for_all_events_at_hand) {
    event_loop loop;
    const socket_pair one;
    const socket_pair two;
    int heard = 0;
    std::vector<int> heard_before_wait;
    hearing on_data([&](std::uint32_t) { ++heard; });
    loop.before_wait([&] { heard_before_wait.push_back(heard); });
    ASSERT_TRUE(loop.add(one.ends[0], EPOLLIN, on_data));
    ASSERT_TRUE(loop.add(two.ends[0], EPOLLIN, on_data));
    one.tell();
    two.tell();
    timer end(loop, [&] { loop.stop(); });
    end.set(clock::now() + 20ms);
    loop.run(false);
    EXPECT_EQ(heard_before_wait, (std::vector<int>{0, 2}));
}

TEST(event_loop, by_level_each_turn_tells_of_what_is_still_there) {
    event_loop loop;
    const socket_pair one;
    int heard = 0;
    hearing on_data([&](std::uint32_t) { ++heard; });
    const auto watched = *loop.add(one.ends[0], EPOLLIN, on_data, event_loop::trigger::level);
    one.tell();
    for (int turn = 1; turn <= 3; ++turn) {
        loop.turn(0ms);
        EXPECT_EQ(heard, turn);
    }
    one.take();
    loop.turn(0ms);
    EXPECT_EQ(heard, 3);
    loop.remove(watched, one.ends[0]);
}

TEST(event_loop, by_edge_it_is_told_once_and_again_when_asked_behind_the_others) {
    event_loop loop;
    const socket_pair one;
    const socket_pair two;
    std::vector<int> heard;
    bool again = true;
    event_loop::watch watched = 0;
    hearing on_one([&](std::uint32_t) {
        heard.push_back(1);
        if (std::exchange(again, false))
            loop.tell_again(watched, one.ends[0]);
    });
    hearing on_two([&](std::uint32_t) { heard.push_back(2); });
    watched = *loop.add(one.ends[0], EPOLLIN, on_one);
    ASSERT_TRUE(loop.add(two.ends[0], EPOLLIN, on_two));
    one.tell();
    two.tell();
    loop.turn(0ms);
    EXPECT_EQ(heard, (std::vector<int>{1, 2}));
    for (int turn = 0; turn < 3; ++turn)
        loop.turn(0ms);
    EXPECT_EQ(heard, (std::vector<int>{1, 2, 1}));
}

TEST(event_loop, after_a_change_it_tells_of_the_other_events_by_the_same_trigger) {
    for (const auto how : {event_loop::trigger::edge, event_loop::trigger::level}) {
        event_loop loop;
        const socket_pair one;
        std::vector<std::uint32_t> heard;
        hearing on_events([&](std::uint32_t events) { heard.push_back(events); });
        const auto watched = *loop.add(one.ends[0], EPOLLIN, on_events, how);
        loop.change(watched, one.ends[0], 0);
        one.tell();
        loop.turn(0ms);
        EXPECT_EQ(heard, std::vector<std::uint32_t>());
        loop.change(watched, one.ends[0], EPOLLIN); // what has come meanwhile too
        loop.turn(0ms);
        loop.turn(0ms);
        EXPECT_EQ(heard, std::vector<std::uint32_t>(how == event_loop::trigger::edge ? 1 : 2, EPOLLIN));
        heard.clear();
        loop.change(watched, one.ends[0], EPOLLOUT);
        loop.turn(0ms);
        EXPECT_EQ(heard, (std::vector<std::uint32_t>{EPOLLOUT}));
    }
}

TEST(event_loop, what_it_tells_of_may_have_waited_while_the_turn_before_worked) {
    event_loop loop;
    const socket_pair one;
    clock::time_point since{};
    std::chrono::milliseconds works = 30ms;
    hearing on_data([&](std::uint32_t) {
        since = loop.backlog_since();
        std::this_thread::sleep_for(std::exchange(works, 0ms));
    });
    ASSERT_TRUE(loop.add(one.ends[0], EPOLLIN, on_data));
    one.tell();
    const auto first = clock::now();
    loop.turn(0ms);
    one.tell();
    loop.turn(0ms);
    EXPECT_GE(since, first);
    EXPECT_LE(since, clock::now() - 30ms);
}

TEST(event_loop, what_it_tells_of_has_not_waited_while_the_turn_before_did) {
    event_loop loop;
    const socket_pair one;
    clock::time_point since{};
    hearing on_data([&](std::uint32_t) { since = loop.backlog_since(); });
    ASSERT_TRUE(loop.add(one.ends[0], EPOLLIN, on_data));
    loop.turn(0ms);
    const auto idle = clock::now();
    loop.turn(30ms); // nothing comes
    one.tell();
    loop.turn(0ms);
    EXPECT_GE(since, idle + 29ms);
}

// As a lane uses it: whoever is late, in a burst or far apart, no time may be missed and none told early.
TEST(pacer, wakes_for_every_time_and_never_before_it) {
    std::mt19937 random(3);
    std::uniform_int_distribution<int> near_us(1, 60);
    std::uniform_int_distribution<int> far_us(60, 400);
    std::vector<clock::time_point> due{clock::now() + 1ms};
    for (int i = 1; i < 2000; ++i)
        due.push_back(due.back() +
                      std::chrono::microseconds(i / 50 % 2 == 0 ? near_us(random) : far_us(random)));
    event_loop loop;
    std::size_t next = 0;
    bool rearm = true;
    int woken = 0;
    hearing on_time([&](std::uint32_t) {
        ++woken;
        while (next < due.size() && due[next] <= clock::now())
            ++next;
        if (woken % 37 == 0) // busy with something else
            for (const auto until = clock::now() + 300us; clock::now() < until;) {
            }
        rearm = true;
        if (next == due.size())
            loop.stop();
    });
    pacer p(loop, on_time);
    loop.before_wait([&] {
        if (!std::exchange(rearm, false) || next == due.size() || p.is_set_for(due[next]))
            return;
        p.set(due[next], next + 1 < due.size() ? std::optional(due[next + 1]) : std::nullopt);
    });
    timer watchdog(loop, [&] {
        ADD_FAILURE() << "time " << next << " was missed";
        loop.stop();
    });
    watchdog.set(due.back() + 20s);
    loop.run(false);
    EXPECT_EQ(next, due.size());
}

} // namespace
} // namespace beastmark::loadgen
