#include "ingest/blocking/connect_turns.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using beastmark::ingest::connect_turns;
using beastmark::postgres::pacing_options;

// A wait after a failure is longer than any test.
const pacing_options patient{
    .attempts = 16, .first_retry = 1h, .retry_cap = 1h, .full_retry = 2h, .silent_after = 1h};

} // namespace

// Each that succeeds makes room for more: all come up, and a wake-up that is lost would leave one behind.
TEST(turns_to_connect, all_have_theirs) {
    connect_turns turns(patient, 1);
    std::atomic<int> trying{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < 40; ++i)
        workers.emplace_back([&] {
            ASSERT_TRUE(turns.await());
            EXPECT_LE(++trying, 16);
            --trying;
            turns.succeeded();
        });
    for (auto& each : workers)
        each.join();
    EXPECT_EQ(turns.refused(), 0U);
}

TEST(turns_to_connect, stop_ends_every_wait) {
    connect_turns turns(patient, 1);
    ASSERT_TRUE(turns.await());
    std::vector<std::thread> workers;
    for (int i = 0; i < 3; ++i) // the first attempt is not over, and none is up
        workers.emplace_back([&] { EXPECT_FALSE(turns.await()); });
    turns.failed(false); // now they wait for a time, as well
    turns.stop();
    for (auto& each : workers)
        each.join();
    EXPECT_FALSE(turns.await());
}

TEST(turns_to_connect, tell_whether_a_full_server_leaves_any) {
    connect_turns turns(pacing_options{.first_retry = 0ms, .retry_cap = 0ms, .full_retry = 0ms}, 1);
    ASSERT_TRUE(turns.await());
    EXPECT_TRUE(turns.failed(true)) << "none is up";
    ASSERT_TRUE(turns.await());
    turns.succeeded();
    ASSERT_TRUE(turns.await());
    EXPECT_FALSE(turns.failed(true));
    EXPECT_EQ(turns.refused(), 2U);
}
