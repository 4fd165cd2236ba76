#include "ingest/blocking/job_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using beastmark::ingest::job;
using beastmark::ingest::job_queue;
using beastmark::postgres::errc;

constexpr std::chrono::seconds for_ever{60}; // a test that waits so long has failed

class jobs_of_a_core : public ::testing::Test {
protected:
    std::atomic<int> woken{0};
    std::array<job, 4> all; // outlive the queue
    job_queue jobs{2, [this] { ++woken; }};
};

} // namespace

TEST_F(jobs_of_a_core, without_a_worker_nothing_is_taken) {
    EXPECT_EQ(jobs.submit(all[0], 0), errc::unavailable);
    jobs.worker_is_up();
    EXPECT_EQ(jobs.submit(all[0], 0), std::nullopt);
}

TEST_F(jobs_of_a_core, workers_that_are_stuck_do_not_count) {
    jobs.worker_is_up();
    jobs.worker_is_up();
    EXPECT_EQ(jobs.submit(all[0], 2), errc::unavailable);
    EXPECT_EQ(jobs.submit(all[0], 1), std::nullopt);
}

TEST_F(jobs_of_a_core, what_waits_is_bounded) {
    jobs.worker_is_up();
    EXPECT_EQ(jobs.submit(all[0], 0), std::nullopt);
    EXPECT_EQ(jobs.submit(all[1], 0), std::nullopt);
    EXPECT_EQ(jobs.submit(all[2], 0), errc::overloaded);
    EXPECT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs.take(for_ever), all.data());
    EXPECT_EQ(jobs.submit(all[2], 0), std::nullopt);
}

TEST_F(jobs_of_a_core, are_taken_in_their_order_and_one_given_back_comes_first) {
    jobs.worker_is_up();
    jobs.submit(all[0], 0);
    jobs.submit(all[1], 0);
    ASSERT_EQ(jobs.take(for_ever), all.data());
    jobs.give_back(all[0]);
    EXPECT_EQ(jobs.take(for_ever), all.data());
    EXPECT_EQ(jobs.take(for_ever), &all[1]);
    EXPECT_EQ(jobs.take(0ms), nullptr);
}

TEST_F(jobs_of_a_core, what_waits_too_long_can_be_withdrawn) {
    jobs.worker_is_up();
    const auto start = job_queue::clock::time_point(100s);
    for (std::size_t i = 0; i < 2; ++i) {
        all[i].submitted = start + std::chrono::seconds(i);
        jobs.submit(all[i], 0);
    }
    EXPECT_EQ(jobs.withdraw(start - 1ns), nullptr);
    EXPECT_EQ(jobs.withdraw(start), all.data());
    EXPECT_EQ(jobs.withdraw(start), nullptr);
    EXPECT_EQ(jobs.withdraw(), &all[1]) << "whatever its time";
    EXPECT_EQ(jobs.take(0ms), nullptr) << "withdrawn is not taken";
}

TEST_F(jobs_of_a_core, wake_the_core_once_for_all_that_is_done) {
    jobs.done(all[0]);
    jobs.done(all[1]);
    EXPECT_EQ(woken, 1);
    std::vector<job*> done;
    jobs.collect(done);
    EXPECT_EQ(done, (std::vector<job*>{all.data(), &all[1]}));
    jobs.collect(done);
    EXPECT_TRUE(done.empty());
    jobs.done(all[2]);
    EXPECT_EQ(woken, 2);
}

TEST_F(jobs_of_a_core, wake_it_when_no_worker_is_left) {
    jobs.worker_is_up();
    jobs.worker_is_up();
    jobs.worker_is_down();
    EXPECT_EQ(woken, 0);
    jobs.worker_is_down();
    EXPECT_EQ(woken, 1);
}

TEST_F(jobs_of_a_core, stop_ends_every_wait) {
    jobs.worker_is_up();
    std::atomic<int> ended{0};
    std::thread taking([&] {
        EXPECT_EQ(jobs.take(for_ever), nullptr);
        ++ended;
    });
    std::thread taking_too([&] {
        EXPECT_EQ(jobs.take(for_ever), nullptr);
        ++ended;
    });
    jobs.stop();
    taking.join();
    taking_too.join();
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(jobs.is_stopped());
    EXPECT_EQ(jobs.submit(all[0], 0), errc::unavailable);
}

TEST_F(jobs_of_a_core, each_is_done_once) {
    constexpr int rounds = 2000;
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i) {
        jobs.worker_is_up();
        workers.emplace_back([this] {
            while (!jobs.is_stopped())
                if (job* const taken = jobs.take(for_ever))
                    jobs.done(*taken);
        });
    }
    std::vector<job*> done;
    for (int round = 0; round < rounds; ++round) {
        jobs.submit(all[0], 0);
        jobs.submit(all[1], 0);
        std::size_t back = 0;
        while (back < 2) {
            jobs.collect(done);
            back += done.size();
            std::this_thread::yield();
        }
        ASSERT_EQ(back, 2U);
    }
    jobs.stop();
    for (auto& worker : workers)
        worker.join();
}
