#include "loadgen/connection_demand.hpp"
#include "loadgen/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

// A service that takes `service` for each of `rate` requests a second, seen each 10 ms.
class simulated {
public:
    void go_on(std::chrono::milliseconds how_long, std::uint64_t rate, std::chrono::nanoseconds service) {
        for (const auto end = now_.at + how_long; now_.at < end;) {
            now_.at += 10ms;
            now_.due += rate / 100;
            now_.ended += rate / 100;
            now_.busy += service * (rate / 100);
            now_.in_flight = rate * static_cast<std::uint64_t>(service.count()) / 1'000'000'000;
            now_.oldest = service;
            need_ = demand_.update(now_);
        }
    }

    // Nothing ends any more; who comes waits when `in_flight` are busy.
    void stall(std::chrono::milliseconds how_long, std::uint64_t rate, std::uint64_t in_flight) {
        for (const auto end = now_.at + how_long; now_.at < end;) {
            now_.at += 10ms;
            now_.due += rate / 100;
            now_.oldest += 10ms;
            now_.waiting += std::min(rate / 100, now_.waiting + now_.in_flight + rate / 100 - in_flight);
            now_.in_flight = in_flight;
            need_ = demand_.update(now_);
        }
    }

    [[nodiscard]] std::uint64_t need() const { return need_; }

private:
    connection_demand demand_;
    connection_demand::sight now_{};
    std::uint64_t need_ = 0;
};

TEST(connection_demand, is_the_rate_times_the_service_time_with_some_to_spare) {
    simulated s;
    s.go_on(50ms, 1000, 20ms);
    EXPECT_THAT(s.need(), AllOf(Ge(25u), Le(26u))) << "20 in flight, and a quarter: known after a few looks";
    s.go_on(2s, 1000, 20ms);
    EXPECT_THAT(s.need(), AllOf(Ge(25u), Le(26u)));
}

TEST(connection_demand, follows_the_rate_and_the_service_within_a_second) {
    simulated s;
    s.go_on(1s, 1000, 20ms);
    s.go_on(1s, 4000, 20ms);
    EXPECT_THAT(s.need(), AllOf(Ge(97u), Le(100u)));
    s.go_on(1s, 4000, 5ms);
    EXPECT_THAT(s.need(), AllOf(Ge(25u), Le(28u)));
}

TEST(connection_demand, of_a_service_that_stalls_grows_with_the_time_that_it_does) {
    simulated s;
    s.go_on(1s, 1000, 10ms);
    s.stall(500ms, 1000, 20);
    EXPECT_GE(s.need(), 500u) << "so many have come since";
}

TEST(connection_demand, while_arrivals_wait_is_more_than_are_in_flight) {
    connection_demand demand;
    EXPECT_EQ(demand.update({.at = 10ms, .due = 100, .in_flight = 4, .oldest = 0ms, .waiting = 96}), 5u)
        << "nothing is known of the service yet";
    EXPECT_EQ(
        demand.update({.at = 20ms, .due = 100, .ended = 50, .busy = 50us, .in_flight = 80, .waiting = 1}),
        91u);
}

TEST(connection_demand, of_nothing_is_none) {
    connection_demand demand;
    EXPECT_EQ(demand.update({}), 0u);
    EXPECT_EQ(demand.update({.at = 10ms}), 0u);
}

TEST(connection_demand, a_bound_that_was_in_the_way_is_told) {
    constexpr judgement connections{verdict::generator_limited, cause::connections};
    window_evidence w{.offered = 1000, .sent = 900, .connections = 50, .waiting_after = 100};
    EXPECT_THAT(explain(connections, w), HasSubstr("all 50 connections were busy, 100 requests waited"));
    w.most_connections = 50;
    EXPECT_THAT(explain(connections, w),
                HasSubstr("all 50 connections that --max-connections allows were busy"));
    EXPECT_THAT(headline({.what = connections, .measured_s = 1, .what_s = 1}, std::vector{w}),
                HasSubstr("; allow more with --max-connections"));
    EXPECT_THAT(
        explain({verdict::server_saturated, cause::backlog}, w),
        HasSubstr("at its end, all 50 connections that --max-connections allows busy, and the service"));
    w.most_connections = 60;
    EXPECT_THAT(explain(connections, w), HasSubstr("all 50 connections made so far were busy"));
}

} // namespace
} // namespace beastmark::loadgen
