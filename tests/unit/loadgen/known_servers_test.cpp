// Servers whose behaviour is known: every figure must be the one that follows from the schedule and the
// behaviour. What is expected is derived here for each arrival, never read off the simulation; the simulated
// client adds no delay of its own, so the generator's lag must be 0 throughout.
#include "loadgen/slo.hpp"
#include "simulated_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr run_time service = 10ms;
constexpr run_time patience = 60s;
constexpr dispatcher::connection_id plenty = 4000; // more than ever wait for an answer at once

schedule holding(run_time duration, double rate, arrival_options options = {}) {
    return schedule(std::vector<stage>{{stage_kind::hold, duration, rate, rate, 1}}, options);
}

dispatcher::settings with(dispatcher::connection_id connections, run_time timeout = patience,
                          std::uint64_t stripes = 1) {
    return {.stripes = stripes, .connections = connections, .timeout = timeout, .expected_status = {}};
}

std::vector<run_time> due_times(const schedule& s) {
    std::vector<run_time> times;
    for (stripe walk(s, 0, 1); !walk.done(); walk.advance())
        times.push_back(walk.time());
    return times;
}

// The same value of a formula for i in [0, n).
template <class Formula>
std::vector<run_time> each(std::size_t n, const Formula& formula) {
    std::vector<run_time> values;
    for (std::size_t i = 0; i < n; ++i)
        values.push_back(formula(static_cast<std::int64_t>(i)));
    return values;
}

double mean_of(const std::vector<run_time>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0,
                           [](double sum, run_time v) { return sum + static_cast<double>(v.count()); }) /
           static_cast<double>(values.size());
}

// The histogram's error bound: exact or too high by less than 1/1024, never too low.
void expect_within_error(run_time reported, run_time exact, const char* what) {
    EXPECT_GE(reported, exact) << what;
    EXPECT_LE(reported, exact + exact / 1024) << what;
}

void expect_values(const histogram& h, std::vector<run_time> exact) {
    ASSERT_EQ(h.count(), exact.size());
    std::sort(exact.begin(), exact.end());
    EXPECT_EQ(h.min(), exact.front());
    EXPECT_EQ(h.max(), exact.back());
    const auto mean = mean_of(exact);
    EXPECT_NEAR(h.mean_ns(), mean, 1e-9 * mean);
    constexpr std::array<std::size_t, 7> per_mille{1, 500, 750, 900, 950, 990, 999};
    for (const auto p : per_mille) {
        SCOPED_TRACE(p);
        const auto rank = (p * exact.size() + 999) / 1000; // of the smallest value that is not below p of all
        expect_within_error(h.value_at_percentile(static_cast<double>(p) / 10), exact[rank - 1], "per mille");
    }
}

void expect_all(const histogram& h, std::uint64_t count, run_time value) {
    expect_values(h, std::vector<run_time>(count, value));
}

struct percentiles {
    run_time p50{};
    run_time p90{};
    run_time p99{};
    run_time p999{};
    run_time max{};
};

// Worked out by hand, where the formula of each arrival gives round figures.
void expect_percentiles(const histogram& h, const percentiles& exact) {
    expect_within_error(h.value_at_percentile(50), exact.p50, "p50");
    expect_within_error(h.value_at_percentile(90), exact.p90, "p90");
    expect_within_error(h.value_at_percentile(99), exact.p99, "p99");
    expect_within_error(h.value_at_percentile(99.9), exact.p999, "p99.9");
    EXPECT_EQ(h.max(), exact.max);
}

void expect_all_ok(const whole_run& r, std::uint64_t offered) {
    EXPECT_EQ(r.sum.offered, offered);
    EXPECT_EQ(r.sum.sent, offered);
    EXPECT_EQ(r.sum.completed, offered);
    EXPECT_EQ(r.sum.of(outcome::ok), offered);
    EXPECT_EQ(r.sum.settled(), offered);
    EXPECT_EQ(r.times.failed.count(), 0u);
    EXPECT_EQ(r.times.unfinished.count(), 0u);
    EXPECT_EQ(r.times.generator_lag.max(), 0ns);
    EXPECT_EQ(r.sum.availability(), 1.0);
}

// --- always 10 ms

reaction steady(std::uint64_t, run_time sent) {
    return {.at = sent + service};
}

TEST(known_server, of_10_ms_is_10_ms_in_every_figure) {
    for (const auto arrivals : {arrival_kind::uniform, arrival_kind::poisson}) {
        const auto s = holding(30s, 1000, {arrivals, 7});
        for (const std::uint64_t stripes : {1u, 3u, 7u}) {
            const auto r = simulate(s, with(plenty, patience, stripes), steady);
            expect_all_ok(r, s.size());
            expect_all(r.times.response, s.size(), service);
            expect_all(r.times.service, s.size(), service);
            expect_all(r.times.first_byte, s.size(), service);
            expect_all(r.times.connection_wait, s.size(), 0ns);
        }
    }
}

// 200 arrivals a second over one connection that takes 100: arrival i is due at 5i ms and done at 10(i + 1)
// ms.
TEST(known_server, asked_for_twice_what_it_can_builds_a_queue_that_is_seen_in_response_time_alone) {
    const auto r = simulate(holding(10s, 200), with(1), steady);
    expect_all_ok(r, 2000);
    expect_values(r.times.response, each(2000, [](auto i) { return service + i * 5ms; }));
    expect_values(r.times.connection_wait, each(2000, [](auto i) { return i * 5ms; }));
    expect_all(r.times.service, 2000, service);
    expect_percentiles(r.times.response, {5005ms, 9005ms, 9905ms, 9995ms, 10005ms});
}

// Each of four threads has a quarter of the arrivals and one connection: four times the queue above, not one.
TEST(known_server, asked_for_twice_what_it_can_by_several_threads_gives_the_same_figures) {
    const auto r = simulate(holding(10s, 800), with(1, patience, 4), steady);
    expect_all_ok(r, 8000);
    expect_values(r.times.response, each(8000, [](auto i) { return service + i / 4 * 5ms; }));
    expect_values(r.times.connection_wait, each(8000, [](auto i) { return i / 4 * 5ms; }));
    expect_all(r.times.service, 8000, service);
}

// One connection, Poisson arrivals: the queue M/D/1. Lindley's recursion gives each wait from the times of
// the arrivals: W(i + 1) = max(0, W(i) + service - (t(i + 1) - t(i))).
TEST(known_server, with_poisson_arrivals_queues_as_lindley_says) {
    const auto s = holding(60s, 80, {arrival_kind::poisson, 3});
    const auto due = due_times(s);
    std::vector<run_time> waits{0ns};
    for (std::size_t i = 1; i < due.size(); ++i)
        waits.push_back(std::max<run_time>(0ns, waits.back() + service - (due[i] - due[i - 1])));
    const auto r = simulate(s, with(1), steady);
    expect_all_ok(r, s.size());
    expect_values(r.times.connection_wait, waits);
    expect_values(r.times.response, each(s.size(), [&](auto i) { return waits[i] + service; }));
    expect_all(r.times.service, s.size(), service);
}

// Half busy, the mean wait is that of Pollaczek and Khinchine: rho * service / (2 * (1 - rho)) = 5 ms. Tested
// on 64 independent seeds: their mean divided by its standard error follows Student's t with 63 degrees of
// freedom, which is beyond 6 with probability 1e-7. (Starting empty shifts the mean by less than 1 % of
// itself, a sixth of the standard error.)
TEST(known_server, half_busy_with_poisson_arrivals_lets_wait_as_pollaczek_and_khinchine_say) {
    constexpr std::size_t seeds = 64;
    std::vector<double> means;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        means.push_back(simulate(holding(100s, 50, {arrival_kind::poisson, seed}), with(1), steady)
                            .times.connection_wait.mean_ns() *
                        1e-6);
    const auto mean = std::accumulate(means.begin(), means.end(), 0.0) / seeds;
    double squares = 0;
    for (const auto m : means)
        squares += (m - mean) * (m - mean);
    const auto standard_error = std::sqrt(squares / (seeds - 1) / seeds);
    EXPECT_LT(standard_error, 0.15); // or the test would see nothing
    EXPECT_NEAR(mean, 5.0, 6 * standard_error);
}

// --- stands still for 1 s in every 10

constexpr run_time period = 10s;
constexpr run_time stall_begins = 5s;
constexpr run_time stall_ends = 6s;

// What it has not answered by then, and what comes meanwhile, it takes up when the stall is over.
reaction stalling(std::uint64_t, run_time sent) {
    const auto into = sent % period;
    const auto held = into + service > stall_begins && into < stall_ends;
    return {.at = held ? sent - into + stall_ends + service : sent + service};
}

// Of a request that is sent when it is due.
run_time response_around_stall(run_time due) {
    const auto into = due % period;
    const auto held = into + service > stall_begins && into < stall_ends;
    return held ? stall_ends + service - into : service;
}

// 1000 arrivals a second. Held are those of 4.991 to 5.999 s of each period: 1009 of 10,000, for 1019, 1018
// ... 11 ms. So in order of size: 8991 times 10 ms, then 11, 12 ... 1019 ms.
TEST(known_server, that_stalls_shows_the_stall_in_full_to_an_open_loop) {
    const auto s = holding(60s, 1000);
    for (const std::uint64_t stripes : {1u, 4u}) {
        const auto r = simulate(s, with(plenty, patience, stripes), stalling);
        expect_all_ok(r, 60'000);
        const auto exact = each(60'000, [](auto i) { return response_around_stall(i * 1ms); });
        EXPECT_EQ(std::count_if(exact.begin(), exact.end(), [](auto t) { return t > service; }), 6 * 1009);
        expect_values(r.times.response, exact);
        expect_percentiles(r.times.response, {10ms, 19ms, 919ms, 1009ms, 1019ms});
        // With a connection for each there is no wait: it is the service that took so long.
        expect_values(r.times.service, exact);
        expect_all(r.times.connection_wait, s.size(), 0ns);
    }
}

// The same with 20 connections, twice what 1000 a second at 10 ms need. Of the held ones, counted j = 0, 1
// ... from 4.991 s on, only the first 20 were ever sent; the rest waited for them. At 6.010 s all 20
// connections are free, and each 10 ms the next 20 are sent, until at 6.990 s the batch of j = 1980 ... 1999
// is complete just then; the ten after it wait for that one. Everything else is answered at once.
constexpr dispatcher::connection_id few = 20;

struct stalled_times {
    run_time response = service;
    run_time served = service;
};

stalled_times behind_few_connections(std::int64_t i) {
    const auto due = i * 1ms;
    const auto j = (i % 10'000) - 4991;
    const auto period_start = due - due % period;
    const auto since = [&](run_time done) { return period_start + done - due; };
    if (j < 0 || j >= 2009)
        return {};
    if (j < few)
        return {since(6010ms), since(6010ms)};
    if (j < 2000)
        return {since(6010ms + j / few * 10ms), service};
    return {since(7010ms), service};
}

TEST(known_server, that_stalls_hides_the_stall_from_service_time_when_connections_are_few) {
    const auto r = simulate(holding(60s, 1000), with(few), stalling);
    expect_all_ok(r, 60'000);
    const auto n = std::size_t{60'000};
    expect_values(r.times.response, each(n, [](auto i) { return behind_few_connections(i).response; }));
    expect_values(r.times.service, each(n, [](auto i) { return behind_few_connections(i).served; }));
    expect_values(r.times.connection_wait, each(n, [](auto i) {
                      const auto t = behind_few_connections(i);
                      return t.response - t.served;
                  }));
    // 20 of 10,000 saw the stall in their service time: its p99 knows nothing of a second that 2000 felt.
    expect_percentiles(r.times.service, {10ms, 10ms, 10ms, 1009ms, 1019ms});
    EXPECT_GT(r.times.response.value_at_percentile(90), 500ms);
    EXPECT_GT(r.times.response.value_at_percentile(99), 900ms);
}

// Given how many Poisson arrivals there are, each is as likely at any time as at another, independently of
// the others. So by Dvoretzky, Kiefer, Wolfowitz and Massart the share of response times below any bound
// differs from the true one by more than sqrt(log(2 / a) / 2n), anywhere, with probability a at most: here a
// = 1e-9.
TEST(known_server, that_stalls_shows_the_stall_to_poisson_arrivals_as_often) {
    constexpr double false_alarm = 1e-9;
    const auto s = holding(300s, 2000, {arrival_kind::poisson, 11});
    const auto due = due_times(s);
    const auto exact = each(s.size(), [&](auto i) { return response_around_stall(due[i]); });
    const auto off = std::sqrt(std::log(2 / false_alarm) / (2 * static_cast<double>(s.size())));
    EXPECT_LT(off, 0.005);
    // The response time that a share of requests does not exceed: a held one waits evenly between 0 and 1.01
    // s.
    const auto quantile = [](double share) {
        constexpr double held = 0.101;
        const auto ramp = std::clamp(share - (1 - held), 0.0, held);
        return service + run_time(std::llround(ramp * static_cast<double>(period.count())));
    };
    for (const std::uint64_t stripes : {1u, 3u}) {
        const auto r = simulate(s, with(plenty, patience, stripes), stalling);
        expect_all_ok(r, s.size());
        expect_values(r.times.response, exact);
        for (const auto p : {0.5, 0.9, 0.95, 0.99, 0.999}) {
            const auto reported = r.times.response.value_at_percentile(100 * p);
            EXPECT_GE(reported, quantile(p - off)) << p;
            EXPECT_LE(reported, quantile(p + off) + quantile(p + off) / 1024) << p;
        }
    }
}

// --- 1 % of requests take 500 ms

constexpr run_time slow = 500ms;

bool is_slow(std::uint64_t arrival) {
    return arrival % 100 == 37;
}

reaction sometimes_slow(std::uint64_t arrival, run_time sent) {
    return {.at = sent + (is_slow(arrival) ? slow : service)};
}

TEST(known_server, that_is_slow_once_in_a_hundred_is_slow_from_there_on) {
    for (const auto arrivals : {arrival_kind::uniform, arrival_kind::poisson}) {
        const auto s = holding(40s, 500, {arrivals, 5});
        for (const std::uint64_t stripes : {1u, 3u}) {
            const auto r = simulate(s, with(plenty, patience, stripes), sometimes_slow);
            expect_all_ok(r, s.size());
            const auto exact = each(s.size(), [](auto i) { return is_slow(i) ? slow : service; });
            expect_values(r.times.response, exact);
            expect_values(r.times.service, exact);
            expect_within_error(r.times.response.value_at_percentile(98.9), service, "p98.9");
            expect_within_error(r.times.response.value_at_percentile(99.2), slow, "p99.2");
        }
    }
}

// 50 arrivals a second over one connection: behind a slow request the k-th finds 490 - 10k ms of work still
// before it, so that 49 of 100 wait. The service time tells of one of them.
TEST(known_server, that_is_slow_once_in_a_hundred_lets_half_of_all_wait_behind_one_connection) {
    const auto r = simulate(holding(120s, 50), with(1), sometimes_slow);
    const auto wait = [](auto i) {
        const auto k = (i + 100 - 37) % 100; // after the slow one
        return i >= 37 && k >= 1 && k < 49 ? 490ms - k * 10ms : 0ms;
    };
    const auto served = [](auto i) { return is_slow(i) ? slow : service; };
    expect_all_ok(r, 6000);
    expect_values(r.times.service, each(6000, served));
    expect_values(r.times.connection_wait, each(6000, wait));
    expect_values(r.times.response, each(6000, [&](auto i) { return wait(i) + served(i); }));
    expect_percentiles(r.times.service, {10ms, 10ms, 10ms, 500ms, 500ms});
    // In order of size, of 100: 51 or more of 10 ms, then 20, 30 ... 490 and 500 ms.
    expect_percentiles(r.times.response, {10ms, 400ms, 490ms, 500ms, 500ms});
}

// --- failures

constexpr run_time fast = 100us;

TEST(known_server, that_resets_at_once_improves_no_percentile) {
    for (const auto arrivals : {arrival_kind::uniform, arrival_kind::poisson}) {
        const auto s = holding(30s, 1000, {arrivals, 9});
        for (const std::uint64_t k : {2u, 3u, 10u}) { // every k-th arrival is reset
            const auto server = [k](std::uint64_t arrival, run_time sent) -> reaction {
                if (arrival % k == 0)
                    return {.how = reaction::kind::reset, .at = sent + fast};
                return sometimes_slow(arrival, sent);
            };
            std::vector<run_time> answered;
            for (std::uint64_t i = 0; i < s.size(); ++i)
                if (i % k != 0)
                    answered.push_back(is_slow(i) ? slow : service);
            const auto resets = s.size() - answered.size();
            for (const std::uint64_t stripes : {1u, 3u}) {
                const auto r = simulate(s, with(plenty, patience, stripes), server, 5ms);
                EXPECT_EQ(r.sum.offered, s.size());
                EXPECT_EQ(r.sum.sent, s.size());
                EXPECT_EQ(r.sum.completed, answered.size());
                EXPECT_EQ(r.sum.of(outcome::ok), answered.size());
                EXPECT_EQ(r.sum.of(outcome::reset), resets);
                ASSERT_EQ(r.sum.errors.size(), 1u);
                EXPECT_EQ(r.sum.errors[0].count, resets);
                expect_values(r.times.response, answered);
                expect_values(r.times.service, answered);
                expect_all(r.times.failed, resets, fast);
                EXPECT_DOUBLE_EQ(*r.sum.availability(),
                                 static_cast<double>(answered.size()) / static_cast<double>(s.size()));
            }
        }
    }
}

TEST(known_server, that_refuses_at_once_improves_no_percentile) {
    const auto server = [](std::uint64_t arrival, run_time sent) -> reaction {
        if (arrival % 10 != 0) // overloaded: nine in ten get a prepared 503
            return {.at = sent + fast, .status = 503};
        return steady(arrival, sent);
    };
    const auto r = simulate(holding(30s, 1000), with(plenty), server);
    EXPECT_EQ(r.sum.of(outcome::ok), 3000u);
    EXPECT_EQ(r.sum.of(outcome::http_5xx), 27'000u);
    EXPECT_EQ(r.sum.completed, 30'000u);
    EXPECT_EQ(r.sum.statuses[503], 27'000u);
    expect_all(r.times.response, 3000, service);
    expect_all(r.times.failed, 27'000, fast);
    EXPECT_DOUBLE_EQ(*r.sum.availability(), 0.1);
}

// One connection, 100 arrivals a second, every second request is reset after 10 ms and the connection needs
// 10 ms more to come back: two requests take 30 ms and two arrivals 20, so pair m waits 10m ms. That wait is
// not the generator's doing.
TEST(known_server, that_resets_lets_arrivals_wait_for_the_next_connection) {
    const auto server = [](std::uint64_t arrival, run_time sent) -> reaction {
        return {.how = arrival % 2 == 1 ? reaction::kind::reset : reaction::kind::answer,
                .at = sent + service};
    };
    const auto r = simulate(holding(20s, 100), with(1), server, 10ms);
    EXPECT_EQ(r.sum.offered, 2000u);
    EXPECT_EQ(r.sum.of(outcome::ok), 1000u);
    EXPECT_EQ(r.sum.of(outcome::reset), 1000u);
    const auto pair = [](auto m) { return service + m * 10ms; };
    expect_values(r.times.response, each(1000, pair));
    expect_values(r.times.failed, each(1000, pair));
    expect_all(r.times.service, 1000, service);
    expect_values(r.times.connection_wait, each(2000, [](auto i) { return i / 2 * 10ms; }));
    EXPECT_EQ(r.times.generator_lag.max(), 0ns);
}

// --- never answers

reaction silent(std::uint64_t, run_time) {
    return {.how = reaction::kind::silence};
}

TEST(known_server, that_never_answers_is_a_timeout_each_time) {
    for (const auto arrivals : {arrival_kind::uniform, arrival_kind::poisson}) {
        const auto s = holding(10s, 1000, {arrivals, 2});
        for (const std::uint64_t stripes : {1u, 3u}) {
            const auto r = simulate(s, with(plenty, 1s, stripes), silent);
            EXPECT_EQ(r.sum.offered, s.size());
            EXPECT_EQ(r.sum.sent, s.size());
            EXPECT_EQ(r.sum.of(outcome::timeout), s.size());
            EXPECT_EQ(r.sum.completed, 0u);
            EXPECT_EQ(r.sum.availability(), 0.0);
            expect_all(r.times.response, s.size(), 1s);
            expect_all(r.times.service, s.size(), 1s);
            EXPECT_EQ(r.times.first_byte.count(), 0u);
            EXPECT_EQ(r.times.failed.count(), 0u);
        }
    }
}

// One connection, ten arrivals a second, a timeout of 1 s: arrival i, due at 0.1i s, is sent at i s and given
// up at i + 1 s. At 11 s the run is cut: eleven were given up, the others are 11 - 0.1i s old.
TEST(known_server, that_never_answers_leaves_the_queue_unfinished_with_its_age) {
    const auto r = simulate(holding(10s, 10), with(1, 1s), silent);
    EXPECT_EQ(r.sum.offered, 100u);
    EXPECT_EQ(r.sum.of(outcome::timeout), 11u);
    EXPECT_EQ(r.sum.of(outcome::unfinished), 89u);
    EXPECT_EQ(r.sum.settled(), 100u);
    expect_values(r.times.response, each(11, [](auto i) { return 1s + i * 900ms; }));
    expect_all(r.times.service, 11, 1s);
    expect_values(r.times.unfinished, each(89, [](auto i) { return 11s - (i + 11) * 100ms; }));
}

// 100 arrivals a second; it dies at 5 s, where the request of 4.990 s is just answered. A timeout of 2 s
// later the others have been given up.
TEST(known_server, that_falls_silent_half_way_has_a_median_of_what_it_answered_and_a_p90_of_the_timeout) {
    const auto r =
        simulate(holding(10s, 100), with(plenty, 2s), [](std::uint64_t, run_time sent) -> reaction {
            return {.how = sent + service <= 5s ? reaction::kind::answer : reaction::kind::silence,
                    .at = sent + service};
        });
    EXPECT_EQ(r.sum.of(outcome::ok), 500u);
    EXPECT_EQ(r.sum.of(outcome::timeout), 500u);
    expect_values(r.times.response, each(1000, [](auto i) { return i < 500 ? service : 2s; }));
    EXPECT_EQ(r.sum.availability(), 0.5);
}

// Its percentiles are those of the timeout, which is no upper bound of anything: "p99<1h" is not kept.
TEST(known_server, that_never_answers_keeps_no_upper_bound) {
    const auto where = parse_target("http://127.0.0.1/x").where;
    run_record record{
        .what = plan{
            .arrivals = holding(10s, 100),
            .targets = {target{"silent", where, request_template("GET", where, {}, body_template("")), {}}},
            .timeout = 1s}};
    record.duration = record.what.arrivals.duration();
    auto& recorded = record.targets.emplace_back(record.what.arrivals, 1);
    mailbox spare;
    simulated_lane(record.what.arrivals, with(plenty, 1s), silent, {}, spare)
        .run([&](const report_block& block) {
            recorded.take(machine_evidence{});
            recorded.take(block);
        });
    const std::array objectives{parse_slo("p99<1h"), parse_slo("p50>=1s"), parse_slo("availability<1%")};
    const auto judged = judge_slos(objectives, record);
    ASSERT_EQ(judged.size(), 3u);
    EXPECT_EQ(judged[0].value, 1e6);
    EXPECT_TRUE(judged[0].censored);
    EXPECT_FALSE(judged[0].pass);
    EXPECT_TRUE(judged[1].pass);
    EXPECT_TRUE(judged[2].pass);
    for (const auto& second : recorded.rows())
        EXPECT_EQ(second.judged.is, verdict::server_saturated);
}

} // namespace
} // namespace beastmark::loadgen
