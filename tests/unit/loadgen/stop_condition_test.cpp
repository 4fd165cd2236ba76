#include "loadgen/stop_condition.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

row second(std::optional<double> availability, std::uint64_t ok = 100, double p99_us = 1000) {
    row r;
    r.length = 1s;
    r.availability = availability;
    r.outcomes[static_cast<std::size_t>(outcome::ok)] = ok;
    r.response.count = ok;
    r.response.p99_us = p99_us;
    return r;
}

TEST(stop_condition, holds_only_after_so_many_seconds_in_a_row) {
    auto c = stop_condition::parse("availability<90% for 3s");
    for (const double availability : {0.8, 0.89, 0.9, 0.0, 0.5})
        EXPECT_FALSE(c.observe(second(availability))) << availability;
    EXPECT_TRUE(c.observe(second(0.1)));
}

TEST(stop_condition, one_second_is_enough_when_nothing_is_said) {
    auto c = stop_condition::parse("  error_rate >= 0.25 ");
    EXPECT_FALSE(c.observe(second(0.76)));
    EXPECT_TRUE(c.observe(second(0.75)));
}

TEST(stop_condition, reads_durations_and_rates) {
    auto p99 = stop_condition::parse("p99>250ms for 1s");
    EXPECT_FALSE(p99.observe(second(1.0, 10, 250'000)));
    EXPECT_TRUE(p99.observe(second(1.0, 10, 250'001)));
    auto rps = stop_condition::parse("rps<1k");
    EXPECT_FALSE(rps.observe(second(1.0, 1000)));
    EXPECT_TRUE(rps.observe(second(1.0, 999)));
    auto half = second(1.0, 999);
    half.length = 500ms;
    EXPECT_FALSE(rps.observe(half));
}

TEST(stop_condition, a_second_without_anything_to_judge_breaks_the_row) {
    auto c = stop_condition::parse("availability<90% for 2s");
    EXPECT_FALSE(c.observe(second(0.0)));
    EXPECT_FALSE(c.observe(second(std::nullopt)));
    EXPECT_FALSE(c.observe(second(0.0)));
    EXPECT_TRUE(c.observe(second(0.0)));
    auto p50 = stop_condition::parse("p50<=1s");
    EXPECT_FALSE(p50.observe(second(0.0, 0)));
}

TEST(stop_condition, may_be_meant_for_one_target) {
    EXPECT_EQ(stop_condition::parse("go.p99>1s for 2s").target(), "go");
    EXPECT_EQ(stop_condition::parse("p99>1s").target(), "");
}

TEST(stop_condition, errors_are_one_line_and_say_what_is_known) {
    for (const char* const text :
         {"", "availability", "availability 90%", "speed<3", "availability<90% for", "availability<90% for x",
          "availability<90% for 1500ms", "availability<90% for 0s", "availability<101%", "p99<5", "p99<",
          "rps<x", "<5", "availability=90%", "p99<p50"}) {
        try {
            stop_condition::parse(text);
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& wrong) {
            EXPECT_EQ(std::string(wrong.what()).find('\n'), std::string::npos);
        }
    }
}

} // namespace
} // namespace beastmark::loadgen
