#include "server/timeouts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace beastmark::server {
namespace {

using namespace std::chrono_literals;

struct waiter : timeout_node {
    void on_timeout(timeout_kind kind) override {
        fired.push_back(kind);
        if (then) {
            then();
        }
    }

    std::vector<timeout_kind> fired;
    std::function<void()> then;
};

class deadlines : public testing::Test {
protected:
    timeouts::clock::time_point start{};
    timeouts all{{10s, 1s, 2s, 3s, 4s}}; // idle, head, body, write, linger
};

TEST_F(deadlines, fire_at_their_own_length_and_once) {
    waiter head;
    waiter body;
    all.arm(head, timeout_kind::head, start);
    all.arm(body, timeout_kind::body, start);
    all.expire(start + 999ms);
    EXPECT_TRUE(head.fired.empty());
    all.expire(start + 1s);
    EXPECT_EQ(head.fired, std::vector{timeout_kind::head});
    EXPECT_TRUE(body.fired.empty());
    all.expire(start + 1min);
    EXPECT_EQ(head.fired.size(), 1U);
    EXPECT_EQ(body.fired.size(), 1U);
}

TEST_F(deadlines, arming_again_replaces_the_earlier_deadline) {
    waiter one;
    all.arm(one, timeout_kind::head, start);
    all.arm(one, timeout_kind::idle, start);
    all.expire(start + 9s);
    EXPECT_TRUE(one.fired.empty());
    all.expire(start + 10s);
    EXPECT_EQ(one.fired, std::vector{timeout_kind::idle});
}

TEST_F(deadlines, disarmed_and_destroyed_nodes_never_fire) {
    waiter disarmed;
    auto destroyed = std::make_unique<waiter>();
    all.arm(disarmed, timeout_kind::head, start);
    all.arm(*destroyed, timeout_kind::head, start);
    timeouts::disarm(disarmed);
    destroyed.reset();
    all.expire(start + 1h);
    EXPECT_TRUE(disarmed.fired.empty());
}

TEST_F(deadlines, a_callee_may_destroy_others_and_arm_itself) {
    waiter first;
    auto second = std::make_unique<waiter>();
    first.then = [&] {
        second.reset();
        if (first.fired.size() == 1) {
            all.arm(first, timeout_kind::linger, start + 1s);
        }
    };
    all.arm(first, timeout_kind::head, start);
    all.arm(*second, timeout_kind::head, start);
    all.expire(start + 1s);
    EXPECT_FALSE(second);
    all.expire(start + 5s);
    EXPECT_EQ(first.fired, (std::vector{timeout_kind::head, timeout_kind::linger}));
}

TEST_F(deadlines, one_that_arms_itself_again_waits_for_the_next_call) {
    waiter one;
    one.then = [&] { all.arm(one, timeout_kind::head, start); }; // due at once
    all.arm(one, timeout_kind::head, start);
    all.expire(start + 1s);
    EXPECT_EQ(one.fired.size(), 1U);
    all.expire(start + 1s);
    EXPECT_EQ(one.fired.size(), 2U);
    one.then = nullptr;
}

} // namespace
} // namespace beastmark::server
