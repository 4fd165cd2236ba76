#include "loadgen/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// For GoogleTest's messages, found by this name.
static void PrintTo(const judgement& j, std::ostream* out) { // NOLINT(readability-identifier-naming)
    *out << name_of(j.is) << '/' << name_of(j.because);
}

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using trace = std::vector<window_evidence>;

constexpr judgement fine{};
constexpr judgement failures{verdict::server_saturated, cause::failures};
constexpr judgement backlog{verdict::server_saturated, cause::backlog};
constexpr judgement own_cpu{verdict::generator_limited, cause::own_cpu};
constexpr judgement quota{verdict::generator_limited, cause::quota};
constexpr judgement connections{verdict::generator_limited, cause::connections};
constexpr judgement stall{verdict::generator_limited, cause::stall};
constexpr judgement run_queue{verdict::disturbed, cause::run_queue};
constexpr judgement steal{verdict::disturbed, cause::steal};
constexpr judgement retransmission{verdict::disturbed, cause::retransmission};

/// 1000 requests/s to a service that answers in 0.7 ms.
window_evidence quiet_second() {
    return {.length_s = 1,
            .offered = 1000,
            .sent = 1000,
            .ok = 1000,
            .connections = 50,
            .response_p50_us = 730,
            .response_p99_us = 1900,
            .service_p50_us = 700,
            .service_p99_us = 1800,
            .service_least_us = 480,
            .generator_lag_p50_us = 22,
            .generator_lag_p99_us = 95,
            .generator_lag_max_us = 410,
            .stall_max_us = 700,
            .thread_cpu_share = 0.12,
            .run_delay_share = 0.004,
            .machine = {}};
}

window_evidence quiet_second_but(const std::function<void(window_evidence&)>& change) {
    auto w = quiet_second();
    change(w);
    return w;
}

judgement judge_alone(const window_evidence& w) {
    return judge(trace{w}, 0);
}

/// 60,000 requests/s on 64 connections.
window_evidence closed_second() {
    return quiet_second_but([](window_evidence& w) {
        w.closed_loop = true;
        w.offered = w.sent = w.ok = 60'000;
        w.connections = 64;
        w.response_p50_us = w.service_p50_us = 1000;
        w.response_p99_us = w.service_p99_us = 1500;
        w.generator_lag_p50_us = w.generator_lag_p99_us = w.generator_lag_max_us = 0;
        w.thread_cpu_share = 0.6;
    });
}

judgement judge_but(const std::function<void(window_evidence&)>& change) {
    return judge_alone(quiet_second_but(change));
}

std::vector<judgement> judge_each(const trace& windows) {
    std::vector<judgement> all;
    for (std::size_t i = 0; i < windows.size(); ++i)
        all.push_back(judge(windows, i));
    return all;
}

summary_judgement judge_run(const trace& windows) {
    return judge_all(windows, judge_each(windows));
}

void expect_each(const trace& windows, const std::vector<judgement>& expected) {
    EXPECT_EQ(judge_each(windows), expected);
}

// The traces. Each is a run of one target, a window a second.

trace healthy() {
    trace t(10, quiet_second());
    constexpr std::array<double, 10> p99_us{2400, 1900, 1850, 1980, 1910, 2300, 1870, 1890, 2020, 1930};
    constexpr std::array<double, 10> lag_p99_us{140, 95, 90, 102, 88, 260, 97, 91, 110, 94};
    for (std::size_t i = 0; i < t.size(); ++i) {
        t[i].response_p99_us = p99_us[i];
        t[i].service_p99_us = p99_us[i] - lag_p99_us[i];
        t[i].generator_lag_p99_us = lag_p99_us[i];
        t[i].stall_max_us = 3 * lag_p99_us[i];
    }
    t[5].stall_max_us = 21'500; // while nothing was due on this thread
    t[7].retransmitted = 2;
    return t;
}

/// 95 % of what the service can take: the queue comes and goes.
trace healthy_at_the_edge() {
    trace t;
    constexpr std::array<std::uint64_t, 9> waiting{0, 12, 3, 40, 95, 60, 7, 0, 31};
    for (std::size_t i = 0; i + 1 < waiting.size(); ++i)
        t.push_back({.length_s = 1,
                     .offered = 9500,
                     .sent = 9500 + waiting[i] - waiting[i + 1],
                     .ok = 9490 + waiting[i] - waiting[i + 1],
                     .failed = 4,
                     .connections = 64,
                     .waiting_before = waiting[i],
                     .waiting_after = waiting[i + 1],
                     .response_p50_us = 3100,
                     .response_p99_us = 20'000,
                     .service_p50_us = 2900,
                     .service_p99_us = 15'500,
                     .service_least_us = 240,
                     .generator_lag_p50_us = 28,
                     .generator_lag_p99_us = 300,
                     .generator_lag_max_us = 2600,
                     .connection_wait_p50_us = 0,
                     .connection_wait_p99_us = 6100,
                     .stall_max_us = 2900,
                     .thread_cpu_share = 0.71,
                     .run_delay_share = 0.02,
                     .retransmitted = 1,
                     .machine = {}});
    return t;
}

/// From second 3 to 8 a busy process shares the core.
trace cpu_hog_beside_it() {
    trace t(10, quiet_second());
    constexpr std::array<double, 6> lag_p99_us{7600, 11'900, 12'300, 11'700, 12'100, 8100};
    constexpr std::array<double, 6> run_delay{0.31, 0.49, 0.52, 0.5, 0.48, 0.35};
    for (std::size_t k = 0; k < lag_p99_us.size(); ++k) {
        auto& w = t[3 + k];
        w.generator_lag_p50_us = 900;
        w.generator_lag_p99_us = lag_p99_us[k];
        w.generator_lag_max_us = lag_p99_us[k] + 3800;
        w.response_p50_us = 2100;
        w.response_p99_us = lag_p99_us[k] + 2500;
        w.service_p99_us = 9000;
        w.stall_max_us = lag_p99_us[k] + 4000;
        w.thread_cpu_share = 0.47;
        w.run_delay_share = run_delay[k];
    }
    return t;
}

/// 20 ms of each 100 ms. Once arrivals wait, the lag no longer stands out: it counts only while a connection
/// is free.
trace fifth_of_a_cpu() {
    trace t;
    constexpr std::array<std::uint64_t, 7> waiting{0, 700, 1510, 2300, 3120, 3900, 4700};
    for (std::size_t i = 0; i + 1 < waiting.size(); ++i)
        t.push_back({.length_s = 1,
                     .offered = 2000,
                     .sent = 1200,
                     .ok = 1190,
                     .connections = 50,
                     .waiting_before = waiting[i],
                     .waiting_after = waiting[i + 1],
                     .response_p50_us = 180'000 + 330'000 * static_cast<double>(i),
                     .response_p99_us = 420'000 + 380'000 * static_cast<double>(i),
                     .service_p50_us = 76'000,
                     .service_p99_us = 84'000,
                     .service_least_us = 480,
                     .generator_lag_p50_us = 40,
                     .generator_lag_p99_us = 79'000,
                     .generator_lag_max_us = 81'000,
                     .connection_wait_p50_us = 90'000 + 330'000 * static_cast<double>(i),
                     .connection_wait_p99_us = 340'000 + 380'000 * static_cast<double>(i),
                     .stall_max_us = 82'000,
                     .thread_cpu_share = 0.2,
                     .run_delay_share = 0.78,
                     .machine = {.throttled_share = i == 2 ? 0.81 : 0.79}});
    return t;
}

/// 4 connections to a service that takes 5 ms: 800/s of the 1000/s offered.
trace too_few_connections() {
    trace t;
    for (std::uint64_t i = 0; i < 6; ++i)
        t.push_back({.length_s = 1,
                     .offered = 1000,
                     .sent = 800,
                     .ok = 798,
                     .connections = 4,
                     .waiting_before = 200 * i,
                     .waiting_after = 200 * (i + 1),
                     .response_p50_us = 105'000 + 200'000 * static_cast<double>(i),
                     .response_p99_us = 203'000 + 200'000 * static_cast<double>(i),
                     .service_p50_us = 5000,
                     .service_p99_us = 5600,
                     .service_least_us = 4400,
                     .generator_lag_p50_us = 19,
                     .generator_lag_p99_us = 80,
                     .generator_lag_max_us = 240,
                     .connection_wait_p50_us = 100'000 + 200'000 * static_cast<double>(i),
                     .connection_wait_p99_us = 198'000 + 200'000 * static_cast<double>(i),
                     .stall_max_us = 300,
                     .thread_cpu_share = 0.06,
                     .run_delay_share = 0.003,
                     .machine = {}});
    return t;
}

/// Second 2: the process was stopped for 300 ms. Second 5: one of four threads for 25 ms. Second 7: again,
/// while nothing was due on it.
trace loop_stall() {
    trace t(8, quiet_second());
    t[2].stall_max_us = 300'000;
    t[2].generator_lag_p99_us = 295'000;
    t[2].generator_lag_max_us = 299'000;
    t[2].response_p99_us = 296'000;
    t[5].stall_max_us = 25'000;
    t[5].generator_lag_p99_us = 120;
    t[5].generator_lag_max_us = 24'100;
    t[7].stall_max_us = 25'000;
    return t;
}

/// The hypervisor gives the cores to another guest in seconds 4 to 7.
trace stolen_time() {
    trace t(10, quiet_second());
    constexpr std::array<double, 4> taken{0.09, 0.21, 0.24, 0.12};
    for (std::size_t k = 0; k < taken.size(); ++k) {
        auto& w = t[4 + k];
        w.machine.steal_share = taken[k];
        w.run_delay_share = 0.14; // its own wake-ups wait, too
        w.generator_lag_p99_us = 100'000 * taken[k];
        w.generator_lag_max_us = 38'000;
        w.response_p99_us = 110'000 * taken[k];
        w.stall_max_us = 41'000;
    }
    return t;
}

/// The offered rate passes what the service can take in second 3. Its own lag of 1.5 ms changes nothing.
trace slow_server() {
    trace t(9, quiet_second());
    std::uint64_t waiting = 0;
    for (std::size_t i = 3; i < t.size(); ++i) {
        auto& w = t[i];
        const double late_us = 400'000 * static_cast<double>(i - 2);
        w.offered = 9000;
        w.sent = 6500;
        w.ok = 6480;
        w.waiting_before = waiting;
        waiting += 2500;
        w.waiting_after = waiting;
        w.service_p50_us = 7100;
        w.service_p99_us = 16'000;
        w.connection_wait_p50_us = late_us / 2;
        w.connection_wait_p99_us = late_us - 18'000;
        w.response_p50_us = late_us / 2 + 7000;
        w.response_p99_us = late_us;
        w.generator_lag_p99_us = 1500;
        w.generator_lag_max_us = 4100;
        w.stall_max_us = 3000;
        w.thread_cpu_share = 0.62;
        w.run_delay_share = 0.03;
        w.retransmitted = i == 5 ? 6 : 0;
    }
    return t;
}

/// Resets from second 3 on, then it refuses connections; in second 6 a new one accepts and never answers.
trace dying_server() {
    trace t(8, quiet_second());
    t[3].ok = 930;
    t[3].failed = 70;
    t[3].connections = 31;
    t[3].waiting_after = 60;
    t[3].connection_wait_p50_us = 1400;
    t[3].connection_wait_p99_us = 9100;
    for (const std::size_t i : {std::size_t{4}, std::size_t{5}})
        t[i] = {.length_s = 1,
                .offered = 1000,
                .failed = 1000,
                .service_least_us = 480,
                .stall_max_us = 1900,
                .thread_cpu_share = 0.3,
                .run_delay_share = 0.02,
                .retransmitted = 7,
                .machine = {}};
    for (const std::size_t i : {std::size_t{6}, std::size_t{7}})
        t[i] = {.length_s = 1,
                .offered = 1000,
                .sent = i == 6 ? 50U : 0U,
                .connections = 50,
                .waiting_before = i == 6 ? 0U : 950U,
                .waiting_after = i == 6 ? 950U : 1950U,
                .service_least_us = 480,
                .generator_lag_p99_us = i == 6 ? 1300.0 : 0.0,
                .stall_max_us = 1900,
                .thread_cpu_share = 0.05,
                .run_delay_share = 0.002,
                .machine = {}};
    return t;
}

/// 0.8 % of the segments get lost in seconds 2 to 5; in second 5 some requests fail for it.
trace lossy_network() {
    trace t(8, quiet_second());
    constexpr std::array<std::uint64_t, 4> again{9, 12, 8, 31};
    for (std::size_t k = 0; k < again.size(); ++k) {
        auto& w = t[2 + k];
        w.retransmitted = again[k];
        w.service_p99_us = 212'000;
        w.response_p99_us = 213'000;
        w.waiting_after = k == 3 ? 25 : 0;
    }
    t[5].ok = 980;
    t[5].failed = 20;
    t[5].timeouts = 20;
    return t;
}

// Two more, as ./bench perf client --honesty and its like record them.

/// The service stops for good in second 1, answers to what was sent before took 2 ms as ever. From then on
/// what is sent ends by its timeout.
trace hanging_server() {
    trace t(4, quiet_second());
    constexpr std::array<std::uint64_t, 4> waiting{0, 765, 1702, 2636};
    for (auto& w : t) {
        w.connections = 64;
        w.service_p50_us = 2116;
        w.service_p99_us = 2161;
        w.service_least_us = 2030;
        w.response_p50_us = 2140;
        w.response_p99_us = 2988;
    }
    t[1].sent = 237;
    t[1].ok = 175;
    t[1].waiting_after = waiting[1];
    for (std::size_t i = 2; i < t.size(); ++i) {
        t[i].sent = 64;
        t[i].ok = 0;
        t[i].failed = t[i].timeouts = 64;
        t[i].waiting_before = waiting[i - 1];
        t[i].waiting_after = waiting[i];
        t[i].connection_wait_p50_us = t[i].connection_wait_p99_us = 936'184 * static_cast<double>(i - 1);
        t[i].service_p50_us = t[i].service_p99_us = 1'000'071;
        t[i].response_p50_us = t[i].response_p99_us = 1'000'089 + 936'000 * static_cast<double>(i - 2);
    }
    return t;
}

/// The process is stopped for 1.5 s from second 1 on. What is overdue then goes out in a burst to a service
/// that takes 2000/s in four slots: for 2.7 s it is as busy as it can be, at 1200/s offered.
trace burst_after_a_stall() {
    trace t(6, quiet_second());
    constexpr std::array<std::uint64_t, 6> sent{1200, 274, 648, 2000, 1878, 1200};
    constexpr std::array<std::uint64_t, 6> waiting{0, 1737, 1479, 679, 0, 0};
    constexpr std::array<double, 6> wait_p50_us{0, 0, 1'341'129, 899'154, 252'707, 0};
    constexpr std::array<double, 6> wait_p99_us{0, 0, 1'447'035, 1'225'785, 559'940, 0};
    for (std::size_t i = 0; i < t.size(); ++i) {
        auto& w = t[i];
        w.offered = 1200;
        w.sent = w.ok = sent[i];
        w.connections = 64;
        w.waiting_before = i > 0 ? waiting[i - 1] : 0;
        w.waiting_after = waiting[i];
        w.connection_wait_p50_us = wait_p50_us[i];
        w.connection_wait_p99_us = wait_p99_us[i];
        w.service_p50_us = waiting[i] > 0 || w.waiting_before > 0 ? 32'014 : 2099;
        w.service_p99_us = w.service_p50_us + 100;
        w.service_least_us = 2020;
        w.response_p50_us = w.service_p50_us + wait_p50_us[i] + 20;
        w.response_p99_us = w.service_p99_us + wait_p99_us[i] + 100;
    }
    t[1].ok = 212;
    t[1].stall_max_us = 1'498'937;
    t[1].generator_lag_p99_us = 1'499'464;
    t[1].generator_lag_max_us = 1'500'209;
    t[1].service_p50_us = 2099;
    t[1].service_p99_us = 3502;
    t[1].response_p50_us = 2120;
    t[1].response_p99_us = 3518;
    return t;
}

std::vector<trace> all_traces() {
    return {healthy(),        healthy_at_the_edge(), cpu_hog_beside_it(),
            fifth_of_a_cpu(), too_few_connections(), loop_stall(),
            stolen_time(),    slow_server(),         dying_server(),
            lossy_network(),  hanging_server(),      burst_after_a_stall()};
}

TEST(verdict, healthy_run_is_valid) {
    expect_each(healthy(), std::vector(10, fine));
    const auto all = judge_run(healthy());
    EXPECT_TRUE(all.believable());
    EXPECT_EQ(all.what, fine);
    EXPECT_EQ(all.worst, 0U); // the slowest
    EXPECT_EQ(headline(all, healthy()), "VALID: 10 of 10 s to be believed");
}

TEST(verdict, healthy_run_at_the_edge_of_saturation_is_valid) {
    expect_each(healthy_at_the_edge(), std::vector(8, fine));
    EXPECT_TRUE(judge_run(healthy_at_the_edge()).believable());
    EXPECT_EQ(judge_run(healthy_at_the_edge()).what, fine);
}

TEST(verdict, cpu_hog_beside_the_load_thread_disturbs) {
    const auto t = cpu_hog_beside_it();
    expect_each(t,
                {fine, fine, fine, run_queue, run_queue, run_queue, run_queue, run_queue, run_queue, fine});
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, run_queue);
    EXPECT_EQ(all.worst, 5U);
    EXPECT_DOUBLE_EQ(all.believable_s, 4);
    EXPECT_EQ(headline(all, t), "NOT TO BE BELIEVED: disturbed in 6 of 10 s: a load thread waited 52 % of "
                                "the time for a core on which "
                                "others ran and requests went out 12.3 ms late (p99); stop what else runs on "
                                "these cores, pin the load "
                                "generator to free ones (taskset), or use no more threads (-t) than cores");
}

TEST(verdict, cpu_quota_limits_the_generator_also_when_connections_hide_the_lag) {
    const auto t = fifth_of_a_cpu();
    ASSERT_LT(t.back().generator_lag_p99_us, 0.1 * t.back().response_p99_us);
    expect_each(t, std::vector(6, quota));
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, quota);
    EXPECT_EQ(all.worst, 2U);
    EXPECT_EQ(
        headline(all, t),
        "NOT TO BE BELIEVED: generator-limited in 6 of 6 s: the CPU quota stopped load threads for 0.81 s a "
        "second, all together, and its event loop came back 82.0 ms late; raise or remove the CPU limit of "
        "the "
        "load generator");
}

TEST(verdict, too_few_connections_limit_the_generator) {
    const auto t = too_few_connections();
    expect_each(t, std::vector(6, connections));
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, connections);
    EXPECT_EQ(all.worst, 5U);
    EXPECT_EQ(
        headline(all, t),
        "NOT TO BE BELIEVED: generator-limited in 6 of 6 s: all 4 connections were busy, 1200 requests "
        "waited "
        "for one at its end, and the service was as fast as ever (5.0 ms p50, 4.4 ms at its best); use more "
        "connections (-c)");
}

TEST(verdict, loop_that_stands_still_limits_the_generator_when_requests_were_due) {
    const auto t = loop_stall();
    expect_each(t, {fine, fine, stall, fine, fine, stall, fine, fine});
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, stall);
    EXPECT_EQ(all.worst, 2U);
    EXPECT_EQ(headline(all, t),
              "NOT TO BE BELIEVED: generator-limited in 2 of 8 s: an event loop stood still for 300.0 ms and "
              "requests "
              "went out 295.0 ms late (p99); look for swapping, a debugger or a stopped process");
    EXPECT_THAT(explain(stall, t[5]), HasSubstr("went out up to 24.1 ms late"));
}

TEST(verdict, stolen_time_disturbs) {
    const auto t = stolen_time();
    expect_each(t, {fine, fine, fine, fine, steal, steal, steal, steal, fine, fine});
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, steal);
    EXPECT_EQ(all.worst, 6U);
    EXPECT_THAT(headline(all, t),
                StartsWith("NOT TO BE BELIEVED: disturbed in 4 of 10 s: the hypervisor took 24 % of "
                           "the CPU time and requests went out 24.0 ms late (p99); use a quieter"));
}

TEST(verdict, slow_service_is_saturated_and_to_be_believed) {
    const auto t = slow_server();
    expect_each(t, {fine, fine, fine, backlog, backlog, backlog, backlog, backlog, backlog});
    const auto all = judge_run(t);
    EXPECT_TRUE(all.believable());
    EXPECT_EQ(all.what, backlog);
    EXPECT_EQ(all.worst, 8U);
    EXPECT_EQ(headline(all, t),
              "VALID: 9 of 9 s to be believed; the service was saturated in 6 s of them: 15000 requests "
              "waited for a "
              "connection at its end and the service took 7.1 ms (p50), 480 us at its best");
}

TEST(verdict, dying_service_fails_and_is_to_be_believed) {
    const auto t = dying_server();
    expect_each(t, {fine, fine, fine, failures, failures, failures, failures, failures});
    const auto all = judge_run(t);
    EXPECT_TRUE(all.believable());
    EXPECT_EQ(all.what, failures);
    EXPECT_EQ(all.worst, 4U);
    EXPECT_EQ(headline(all, t),
              "VALID: 8 of 8 s to be believed; the service was saturated in 5 s of them: 100 % of the "
              "requests failed (1000 of 1000)");
    EXPECT_EQ(explain(failures, t[6]), "nothing came back, 1000 requests were due and 50 sent");
}

TEST(verdict, lossy_network_disturbs) {
    const auto t = lossy_network();
    expect_each(t, {fine, fine, retransmission, retransmission, retransmission, retransmission, fine, fine});
    const auto all = judge_run(t);
    EXPECT_FALSE(all.believable());
    EXPECT_EQ(all.what, retransmission);
    EXPECT_EQ(all.worst, 5U);
    EXPECT_EQ(headline(all, t), "NOT TO BE BELIEVED: disturbed in 4 of 8 s: 31 TCP segments were sent again "
                                "for 1000 requests and the "
                                "slowest answers took 212.0 ms (p99); look at the network between the load "
                                "generator and the service");
}

TEST(verdict, service_that_stops_answering_is_to_blame_for_what_waits_however_fast_it_was) {
    const auto t = hanging_server();
    expect_each(t, {fine, backlog, failures, failures});
    EXPECT_TRUE(judge_run(t).believable());
    EXPECT_EQ(explain(backlog, t[1]),
              "765 requests waited for a connection at its end and none of the 64 came free any more");
    // Where connections come free, those that were sent late have waited for it.
    auto w = t[1];
    w.connection_wait_p99_us = 76'500;
    EXPECT_EQ(judge_alone(w), connections);
    w.connection_wait_p99_us = 76'499;
    EXPECT_EQ(judge_alone(w), backlog);
}

TEST(verdict, burst_after_a_stall_is_not_the_services_to_take) {
    auto t = burst_after_a_stall();
    expect_each(t, {fine, stall, stall, stall, stall, fine});
    EXPECT_EQ(judge_run(t).worst, 1U);
    // Who stopped the loop is to blame for the burst, too.
    t[1].machine.steal_share = 0.8;
    expect_each(t, {fine, steal, steal, steal, steal, fine});
    t = burst_after_a_stall();
    // As many wait as before: now the service does not keep up.
    t[3].waiting_after = t[3].waiting_before;
    EXPECT_EQ(judge(t, 2), stall);
    EXPECT_EQ(judge(t, 3), backlog);
}

TEST(verdict, stall_while_the_service_is_behind_does_not_excuse_it_afterwards) {
    auto t = burst_after_a_stall();
    t[1].waiting_before = t[0].waiting_after = 869;
    EXPECT_EQ(judge(t, 2), backlog);
    t[1].waiting_before = t[0].waiting_after = 868;
    EXPECT_EQ(judge(t, 2), stall);
    // Nor does a window in which nothing was late.
    t[1].generator_lag_p99_us = t[1].generator_lag_max_us = t[1].stall_max_us = 0;
    EXPECT_EQ(judge(t, 2), backlog);
}

TEST(verdict, load_thread_that_fills_its_core_limits_the_generator) {
    trace t(30, quiet_second());
    for (std::size_t i = 10; i < 22; ++i) {
        t[i].thread_cpu_share = 0.99;
        t[i].run_delay_share = 0.01;
        t[i].generator_lag_p50_us = 4000;
        t[i].generator_lag_p99_us = 12'300;
        t[i].response_p99_us = 14'000;
        t[i].stall_max_us = 13'000;
    }
    const auto all = judge_run(t);
    EXPECT_EQ(all.what, own_cpu);
    EXPECT_EQ(headline(all, t),
              "NOT TO BE BELIEVED: generator-limited in 12 of 30 s: a load thread used 99 % of its core and "
              "requests "
              "went out 12.3 ms late (p99); use more threads (-t), another core, or a lower rate");
}

// Rules, one by one: both sides of each threshold.

TEST(verdict, lag_matters_above_a_millisecond_and_a_tenth_of_the_response_time) {
    const auto with = [](double lag_us, double response_us) {
        return judge_but([&](auto& w) {
            w.generator_lag_p99_us = lag_us;
            w.response_p99_us = response_us;
            w.thread_cpu_share = 0.95;
        });
    };
    EXPECT_EQ(with(1001, 5000), own_cpu);
    EXPECT_EQ(with(1000, 5000), fine);
    EXPECT_EQ(with(1001, 10'000), own_cpu);
    EXPECT_EQ(with(1001, 10'010), fine);
    EXPECT_EQ(with(300, 310), fine);
}

TEST(verdict, lag_of_half_the_requests_matters_whatever_the_response_time) {
    const auto with = [](double lag_us) {
        return judge_but([&](auto& w) {
            w.generator_lag_p50_us = lag_us;
            w.generator_lag_p99_us = 2000;
            w.response_p99_us = 400'000;
            w.thread_cpu_share = 0.95;
        });
    };
    EXPECT_EQ(with(1001), own_cpu);
    EXPECT_EQ(with(1000), fine);
}

TEST(verdict, lag_without_any_answer_is_held_against_the_window) {
    const auto with = [](double lag_us) {
        return judge_but([&](auto& w) {
            w.ok = 0;
            w.response_p50_us = w.response_p99_us = w.service_p50_us = w.service_p99_us = 0;
            w.generator_lag_p99_us = lag_us;
            w.thread_cpu_share = 0.95;
        });
    };
    EXPECT_EQ(with(2000), failures);
    EXPECT_EQ(with(100'001), own_cpu);
}

TEST(verdict, stall_counts_only_above_20_ms_and_a_tenth_of_the_response_time_and_with_requests_late) {
    const auto with = [](double stall_us, double lag_max_us, double response_us, std::uint64_t skipped) {
        return judge_but([&](auto& w) {
            w.stall_max_us = stall_us;
            w.generator_lag_max_us = lag_max_us;
            w.response_p99_us = response_us;
            w.skipped = skipped;
        });
    };
    EXPECT_EQ(with(20'001, 19'000, 2000, 0), stall);
    EXPECT_EQ(with(20'000, 19'000, 2000, 0), fine);
    EXPECT_EQ(with(25'000, 25'000, 250'000, 0), fine);
    EXPECT_EQ(with(25'000, 900, 2000, 0), fine);
    EXPECT_EQ(with(25'000, 900, 2000, 1), stall);
    EXPECT_EQ(with(25'000, 900, 250'000, 1), fine);
}

TEST(verdict, causes_of_lag_have_thresholds_and_an_order) {
    struct causes {
        double throttled;
        double steal;
        double run_delay;
        double cpu;
        judgement expected;
    };

    for (const auto& c : {
             causes{0.021, 0.5, 0.5, 0.99, quota},
             causes{0.020, 0.051, 0.5, 0.99, steal},
             causes{0.020, 0.050, 0.101, 0.899, run_queue},
             causes{0.020, 0.050, 0.100, 0.900, own_cpu},
             causes{0.020, 0.050, 0.500, 0.900, own_cpu},
             causes{0.020, 0.050, 0.100, 0.899, stall},
         })
        EXPECT_EQ(judge_but([&](auto& w) {
                      w.generator_lag_p99_us = w.stall_max_us = w.response_p99_us = 300'000;
                      w.machine.throttled_share = c.throttled;
                      w.machine.steal_share = c.steal;
                      w.run_delay_share = c.run_delay;
                      w.thread_cpu_share = c.cpu;
                  }),
                  c.expected)
            << name_of(c.expected.because);
}

TEST(verdict, stall_that_something_outside_explains_is_not_the_generators) {
    const auto with = [](double throttled, double steal_share, double run_delay, double stall_us = 60'000) {
        return judge_but([&](auto& w) {
            w.stall_max_us = stall_us;
            w.generator_lag_p99_us = stall_us / 2;
            w.response_p99_us = stall_us / 2 + 1000;
            w.machine.throttled_share = throttled;
            w.machine.steal_share = steal_share;
            w.run_delay_share = run_delay;
        });
    };
    EXPECT_EQ(with(0, 0, 0.031), run_queue);
    EXPECT_EQ(with(0, 0, 0.029), stall);
    EXPECT_EQ(with(0, 0.031, 0.031), steal);
    EXPECT_EQ(with(0, 0.029, 0.029), stall);
    EXPECT_EQ(with(0.016, 0, 0, 30'000), quota);
    EXPECT_EQ(with(0.014, 0, 0, 30'000), stall);
}

TEST(verdict, lag_that_no_stall_explains_is_put_to_the_run_queue_when_that_is_long) {
    const auto with = [](double run_delay) {
        return judge_but([&](auto& w) {
            w.generator_lag_p99_us = 8000;
            w.response_p99_us = 9000;
            w.stall_max_us = 500;
            w.run_delay_share = run_delay;
        });
    };
    EXPECT_EQ(with(0.06), run_queue);
    EXPECT_EQ(with(0.003), stall);
}

TEST(verdict, lost_segments_disturb_when_they_are_many_and_felt) {
    const auto with = [](std::uint64_t again, std::uint64_t sent, double service_p50_us,
                         double service_p99_us, std::uint64_t failed) {
        return judge_but([&](auto& w) {
            w.retransmitted = again;
            w.sent = w.offered = sent;
            w.ok = sent - failed;
            w.failed = failed;
            w.service_p50_us = service_p50_us;
            w.service_p99_us = w.response_p99_us = service_p99_us;
        });
    };
    EXPECT_EQ(with(3, 5000, 700, 212'000, 0), retransmission);
    EXPECT_EQ(with(2, 1000, 700, 212'000, 0), fine);
    EXPECT_EQ(with(3, 6000, 700, 212'000, 0), fine);
    EXPECT_EQ(with(9, 5000, 700, 100'700, 0), retransmission);
    EXPECT_EQ(with(9, 5000, 700, 100'600, 0), fine);
    EXPECT_EQ(with(9, 5000, 700, 1800, 51), retransmission);
    EXPECT_EQ(with(9, 5000, 700, 1800, 50), fine);
    // A slow service loses some, too.
    EXPECT_EQ(with(9, 5000, 150'000, 240'000, 0), fine);
    // Nobody there: a host that is gone acknowledges nothing.
    EXPECT_EQ(with(9, 5000, 0, 0, 5000), failures);
}

TEST(verdict, more_than_a_percent_of_failures_is_the_services) {
    const auto with = [](std::uint64_t failed) {
        return judge_but([&](auto& w) {
            w.ok = 1000 - failed;
            w.failed = failed;
        });
    };
    EXPECT_EQ(with(11), failures);
    EXPECT_EQ(with(10), fine);
}

TEST(verdict, failures_win_over_what_waits_for_a_connection) {
    auto w = too_few_connections()[2];
    w.failed = 20;
    EXPECT_EQ(judge_alone(w), failures);
    w = slow_server()[4];
    w.failed = 200;
    EXPECT_EQ(judge_alone(w), failures);
}

TEST(verdict, lag_wins_over_lost_segments) {
    auto w = lossy_network()[3];
    w.generator_lag_p99_us = 60'000;
    w.machine.steal_share = 0.3;
    EXPECT_EQ(judge_alone(w), steal);
}

TEST(verdict, lag_wins_over_failures) {
    EXPECT_EQ(judge_but([](auto& w) {
                  w.ok = 500;
                  w.failed = w.timeouts = 500;
                  w.generator_lag_p99_us = w.response_p99_us = 900'000;
                  w.machine.steal_share = 0.7;
              }),
              steal);
}

TEST(verdict, silence_is_a_failure_when_it_is_no_chance) {
    const auto silent = [](std::uint64_t n) {
        return window_evidence{.length_s = 1, .offered = n, .sent = n, .connections = 50, .machine = {}};
    };
    EXPECT_EQ(judge_alone(silent(10)), failures);
    EXPECT_EQ(judge_alone(silent(9)), fine);
    EXPECT_EQ(judge(trace{quiet_second(), silent(1)}, 1), fine);
    EXPECT_EQ(judge(trace{silent(1), silent(1)}, 0), fine);
    EXPECT_EQ(judge(trace{silent(1), silent(1)}, 1), failures);
    EXPECT_EQ(judge(trace{{.length_s = 1, .machine = {}}, silent(1)}, 1), fine);
    // Nothing is due any more, what waited goes out and is not answered.
    EXPECT_EQ(judge_alone({.length_s = 1, .sent = 50, .connections = 50, .machine = {}}), failures);
    EXPECT_NE(judge(trace{silent(5), {.length_s = 1, .offered = 5, .skipped = 5, .machine = {}}}, 1),
              failures);
    // Nothing could come back of what was never sent.
    EXPECT_NE(judge_alone({.length_s = 1, .offered = 100, .skipped = 100, .machine = {}}), failures);
}

TEST(verdict, growth_of_what_waits_is_judged_by_how_fast_the_service_is) {
    const auto with = [](std::uint64_t before, std::uint64_t after, double service_us) {
        return judge_but([&](auto& w) {
            w.waiting_before = before;
            w.waiting_after = after;
            w.connection_wait_p99_us = 8000;
            w.service_p50_us = service_us;
        });
    };
    EXPECT_EQ(with(5, 16, 959), connections);
    EXPECT_EQ(with(5, 16, 960), backlog);
    EXPECT_EQ(with(5, 15, 960), fine);
    EXPECT_EQ(with(500, 16, 960), fine);
}

TEST(verdict, two_that_wait_at_a_low_rate_are_chance) {
    const auto with = [](std::uint64_t after) {
        return judge_but([&](auto& w) {
            w.offered = w.sent = w.ok = 20;
            w.waiting_after = after;
            w.connection_wait_p99_us = 90'000;
        });
    };
    EXPECT_EQ(with(2), fine);
    EXPECT_EQ(with(3), connections);
}

TEST(verdict, wait_for_a_connection_counts_when_half_do_and_longer_than_the_service_takes) {
    const auto with = [](double p50_us, double p99_us, double service_us) {
        return judge_but([&](auto& w) {
            w.connection_wait_p50_us = p50_us;
            w.connection_wait_p99_us = p99_us;
            w.service_p50_us = service_us;
        });
    };
    EXPECT_EQ(with(1001, 5000, 4999), backlog);
    EXPECT_EQ(with(1001, 5000, 5000), fine);
    EXPECT_EQ(with(1000, 5000, 4999), fine);
    EXPECT_EQ(with(1001, 5000, 900), connections);
}

TEST(verdict, skipped_arrivals_count_as_waiting) {
    const auto with = [](std::uint64_t skipped, double service_us) {
        return judge_but([&](auto& w) {
            w.skipped = skipped;
            w.sent = w.ok = 1000 - skipped;
            w.service_p50_us = service_us;
        });
    };
    EXPECT_EQ(with(11, 700), connections);
    EXPECT_EQ(with(11, 5000), backlog);
    EXPECT_EQ(with(10, 5000), fine);
}

TEST(verdict, service_that_looks_slow_to_a_hindered_loop_is_not_blamed) {
    const auto with = [](double stall_us, double service_us, double cpu) {
        return judge_but([&](auto& w) {
            w.waiting_after = 300;
            w.connection_wait_p50_us = 40'000;
            w.connection_wait_p99_us = 90'000;
            w.response_p99_us = 95'000;
            w.stall_max_us = stall_us;
            w.service_p50_us = service_us;
            w.thread_cpu_share = cpu;
        });
    };
    EXPECT_EQ(with(2600, 5200, 0.99), own_cpu);
    EXPECT_EQ(with(2500, 5200, 0.99), backlog);
    EXPECT_EQ(with(2600, 5200, 0.89), backlog);
    EXPECT_EQ(with(1000, 1500, 0.99), backlog);
}

TEST(verdict, responses_that_grow_for_three_windows_while_fewer_come_back_are_a_backlog) {
    trace t(5, quiet_second());
    constexpr std::array<double, 5> p50_us{1000, 1000, 1200, 1440, 1728};
    for (std::size_t i = 0; i < t.size(); ++i)
        t[i].response_p50_us = p50_us[i];
    t[3].ok = t[4].ok = 969;
    expect_each(t, {fine, fine, fine, fine, backlog});
    EXPECT_EQ(explain(backlog, t[4]),
              "responses took longer each second (p50 1.7 ms) and 969 of 1000 requests due were answered");
    t[4].ok = 970;
    EXPECT_EQ(judge(t, 4), fine);
    t[4].ok = 969;
    t[4].response_p50_us = 1727;
    EXPECT_EQ(judge(t, 4), fine);
    t[4].response_p50_us = 1728;
    t[2].response_p50_us = 1199;
    EXPECT_EQ(judge(t, 4), fine);
    t[1].response_p50_us = 0; // nothing recorded is no base to grow from
    t[2].response_p50_us = 1200;
    EXPECT_EQ(judge(t, 4), fine);
}

// Edges.

TEST(verdict, window_without_requests_is_valid) {
    EXPECT_EQ(judge_alone({.length_s = 1, .machine = {}}), fine);
    EXPECT_EQ(judge_alone({.length_s = 1, .stall_max_us = 900'000, .thread_cpu_share = 1, .machine = {}}),
              fine);
    EXPECT_EQ(judge_alone({}), fine);
    EXPECT_EQ(explain(fine, {.length_s = 1, .machine = {}}), "nothing was due");
}

TEST(verdict, short_rest_of_a_run_is_valid_unless_requests_fail) {
    const auto with = [](double length_s, std::uint64_t failed) {
        auto w = slow_server()[4];
        w.length_s = length_s;
        w.failed = failed;
        return judge_alone(w);
    };
    EXPECT_EQ(with(0.25, 0), backlog);
    EXPECT_EQ(with(0.249, 0), fine);
    EXPECT_EQ(with(0.249, 200), failures);
    auto hogged = cpu_hog_beside_it()[5];
    hogged.length_s = 0.1;
    EXPECT_EQ(judge_alone(hogged), fine);
    auto lossy = lossy_network()[3];
    lossy.length_s = 0.1;
    EXPECT_EQ(judge_alone(lossy), fine);
    EXPECT_EQ(judge_alone({.length_s = 0.1, .offered = 100, .sent = 100, .machine = {}}), fine);
}

TEST(verdict, first_window_is_judged_without_history) {
    for (const auto& t : all_traces())
        EXPECT_EQ(judge(std::span(t).first(1), 0), judge(t, 0));
    EXPECT_EQ(judge_alone(slow_server()[5]), backlog);
    EXPECT_EQ(judge_alone(too_few_connections()[0]), connections);
}

TEST(verdict, later_windows_never_change_an_earlier_judgement) {
    auto traces = all_traces();
    trace joined;
    for (const auto& t : traces)
        joined.insert(joined.end(), t.begin(), t.end());
    traces.push_back(joined);
    for (const auto& t : traces)
        for (std::size_t i = 0; i < t.size(); ++i)
            EXPECT_EQ(judge(std::span(t).first(i + 1), i), judge(t, i)) << i;
}

TEST(verdict, nothing_measured_is_not_to_be_believed) {
    const auto none = judge_all({}, {});
    EXPECT_FALSE(none.believable());
    EXPECT_EQ(none.what, fine);
    EXPECT_EQ(headline(none, {}), "NOT TO BE BELIEVED: nothing was measured");
    const trace no_time{{.length_s = 0, .machine = {}}};
    EXPECT_FALSE(judge_run(no_time).believable());
    EXPECT_EQ(headline(judge_run(no_time), no_time), "NOT TO BE BELIEVED: nothing was measured");
}

TEST(verdict, a_tenth_left_out_is_still_to_be_believed) {
    trace t(30, quiet_second());
    for (std::size_t i = 0; i < 3; ++i)
        t[i] = cpu_hog_beside_it()[5];
    EXPECT_TRUE(judge_run(t).believable());
    EXPECT_EQ(judge_run(t).what, fine);
    EXPECT_EQ(headline(judge_run(t), t), "VALID: 27 of 30 s to be believed");
    t[3] = t[0];
    EXPECT_FALSE(judge_run(t).believable());
    EXPECT_EQ(judge_run(t).what, run_queue);
}

TEST(verdict, windows_weigh_by_their_length) {
    const trace t{quiet_second(), quiet_second(), quiet_second_but([](auto& w) { w.length_s = 0.3; })};
    EXPECT_TRUE(judge_all(t, std::vector{fine, fine, failures}).believable());
    EXPECT_DOUBLE_EQ(judge_all(t, std::vector{fine, fine, steal}).believable_s, 2);
    EXPECT_DOUBLE_EQ(judge_all(t, std::vector{fine, fine, steal}).measured_s, 2.3);
    const trace uneven{quiet_second_but([](auto& w) { w.length_s = 2; }),
                       quiet_second_but([](auto& w) { w.length_s = 0.5; }),
                       quiet_second_but([](auto& w) { w.length_s = 0.5; })};
    EXPECT_EQ(judge_all(uneven, std::vector{steal, stall, stall}).what, steal);
    EXPECT_EQ(judge_all(uneven, std::vector{quota, stall, stall}).what, quota);
    EXPECT_EQ(judge_all(uneven, std::vector{fine, backlog, backlog}).what, fine);
    EXPECT_EQ(judge_all(uneven, std::vector{backlog, fine, fine}).what, backlog);
}

TEST(verdict, what_is_left_out_is_named_by_its_commonest_verdict_then_cause) {
    const trace t(9, quiet_second());
    EXPECT_EQ(
        judge_all(t, std::vector{steal, steal, steal, steal, own_cpu, quota, quota, stall, connections}).what,
        quota);
    EXPECT_EQ(
        judge_all(t, std::vector{fine, fine, backlog, backlog, backlog, backlog, backlog, steal, run_queue})
            .what,
        steal);
}

TEST(verdict, of_as_much_of_both_left_out_the_generators_own_is_named) {
    const trace t(2, quiet_second());
    EXPECT_EQ(judge_all(t, std::vector{steal, own_cpu}).what, own_cpu);
}

TEST(verdict, half_of_the_believable_time_saturated_makes_a_saturated_run) {
    const trace t(8, quiet_second());
    const auto half = judge_all(t, std::vector{fine, fine, fine, fine, failures, backlog, backlog, backlog});
    EXPECT_EQ(half.what, backlog);
    EXPECT_EQ(half.worst, 5U);
    EXPECT_EQ(judge_all(t, std::vector{fine, fine, fine, fine, fine, backlog, backlog, backlog}).what, fine);
}

TEST(verdict, headline_tells_saturated_seconds_of_a_valid_run) {
    trace t(30, quiet_second());
    for (std::size_t i = 18; i < 30; ++i)
        t[i] = slow_server()[4];
    EXPECT_EQ(headline(judge_run(t), t),
              "VALID: 30 of 30 s to be believed; the service was saturated in 12 s of them");
    t.push_back(quiet_second_but([](auto& w) { w.length_s = 0.4; }));
    EXPECT_THAT(headline(judge_run(t), t), StartsWith("VALID: 30.4 of 30.4 s"));
}

TEST(verdict, each_cause_left_out_has_a_way_out_of_its_own) {
    const trace t(1, quiet_second());
    std::vector<std::string> ways;
    for (const auto& j : {own_cpu, quota, connections, stall, run_queue, steal, retransmission}) {
        const auto line = headline(judge_all(t, std::vector{j}), t);
        const auto way = line.substr(line.rfind("; ") + 2);
        EXPECT_FALSE(way.empty());
        EXPECT_THAT(ways, Not(testing::Contains(way)));
        ways.push_back(way);
    }
}

TEST(verdict, names_are_those_of_result_json) {
    EXPECT_EQ(name_of(verdict::valid), "valid");
    EXPECT_EQ(name_of(verdict::server_saturated), "server-saturated");
    EXPECT_EQ(name_of(verdict::generator_limited), "generator-limited");
    EXPECT_EQ(name_of(verdict::disturbed), "disturbed");
    constexpr std::array<std::pair<cause, std::string_view>, 10> names{{
        {cause::none, "none"},
        {cause::failures, "failures"},
        {cause::backlog, "backlog"},
        {cause::own_cpu, "own-cpu"},
        {cause::quota, "quota"},
        {cause::connections, "connections"},
        {cause::stall, "stall"},
        {cause::run_queue, "run-queue"},
        {cause::steal, "steal"},
        {cause::retransmission, "retransmission"},
    }};
    for (const auto& [value, name] : names)
        EXPECT_EQ(name_of(value), name);
}

TEST(verdict, a_closed_loop_is_to_be_believed_while_its_threads_have_time_to_spare) {
    auto w = closed_second();
    EXPECT_EQ(judge_alone(w), fine);
    w.waiting_after = 0;
    w.thread_cpu_share = 0.95;
    EXPECT_EQ(judge_alone(w), own_cpu);
    EXPECT_EQ(explain(own_cpu, w),
              "a load thread used 95 % of its core and the rate is the load generator's, not the service's");
}

TEST(verdict, a_closed_loop_kept_from_running_is_not_to_be_believed) {
    auto w = closed_second();
    w.machine.throttled_share = 0.3;
    EXPECT_EQ(judge_alone(w), quota);
    w = closed_second();
    w.machine.steal_share = 0.2;
    EXPECT_EQ(judge_alone(w), steal);
    w = closed_second();
    w.run_delay_share = 0.4;
    EXPECT_EQ(judge_alone(w), run_queue);
    w = closed_second();
    w.stall_max_us = 250'000;
    EXPECT_EQ(judge_alone(w), stall);
}

TEST(verdict, a_closed_loop_shows_a_failing_service) {
    auto w = closed_second();
    w.ok -= 3000;
    w.failed = 3000;
    EXPECT_EQ(judge_alone(w), failures);
}

TEST(verdict, the_headline_of_a_closed_loop_says_that_it_is_coordinated) {
    const trace windows(10, closed_second());
    const std::vector<judgement> each(10);
    const auto text = headline(judge_all(windows, each), windows);
    EXPECT_THAT(text, StartsWith("VALID: 10 of 10 s to be believed"));
    EXPECT_THAT(text, HasSubstr("closed loop: coordinated, its latency understates"));
}

TEST(verdict, the_cpu_time_of_polling_threads_says_nothing) {
    const auto spinning = [](window_evidence& w) {
        w.spin = true;
        w.thread_cpu_share = 0.99;
    };
    EXPECT_EQ(judge_but(spinning), fine);
    auto w = quiet_second_but(spinning);
    w.generator_lag_p99_us = 9000;
    w.stall_max_us = 9000;
    EXPECT_EQ(judge_alone(w), stall);
    w.run_delay_share = 0.2;
    EXPECT_EQ(judge_alone(w), run_queue);
}

TEST(verdict, requests_skipped_because_the_loop_was_late_are_not_the_services) {
    auto w = quiet_second_but([](window_evidence& v) {
        v.skipped = 15;
        v.skipped_late = 15;
        v.stall_max_us = 15'000;
        v.service_p50_us = 2 * v.service_least_us;
    });
    EXPECT_EQ(judge_alone(w), stall);
    EXPECT_THAT(explain(stall, w), HasSubstr("15 requests were skipped for it"));
    w.skipped_late = 0;
    EXPECT_EQ(judge_alone(w), backlog);
}

} // namespace
} // namespace beastmark::loadgen
