#include "loadgen/condition.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(condition, a_target_is_what_stands_before_the_metric) {
    const auto c = condition::parse("go.p99 <= cpp.v2.p99.9");
    EXPECT_EQ(c.left.target, "go");
    EXPECT_EQ(c.left.what, metric::p99);
    EXPECT_EQ(c.op, condition::comparison::less_equal);
    ASSERT_TRUE(c.right);
    EXPECT_EQ(c.right->target, "cpp.v2");
    EXPECT_EQ(c.right->what, metric::p999);
    EXPECT_EQ(condition::parse("p99.9<1s").left.target, "");
    EXPECT_EQ(condition::parse("p99.9<1s").left.what, metric::p999);
    EXPECT_EQ(condition::parse("a.b.rps>1").left.target, "a.b");
}

TEST(condition, bounds_have_the_unit_of_their_metric) {
    EXPECT_DOUBLE_EQ(condition::parse("p50<1.5ms").bound, 1500);
    EXPECT_DOUBLE_EQ(condition::parse("error_rate<0.1%").bound, 0.001);
    EXPECT_DOUBLE_EQ(condition::parse("availability>=0.999").bound, 0.999);
    EXPECT_DOUBLE_EQ(condition::parse("rps>=10k").bound, 10'000);
    EXPECT_EQ(condition::parse("rps>1 for 1m").seconds, 60u);
    EXPECT_FALSE(condition::parse("rps>1").seconds);
}

TEST(condition, says_what_is_wrong_in_one_line) {
    for (const char* const text :
         {"", ".p99<1s", "p99<rps", "availability<p99", "go.<1s", "p99<nonsense.p12", "error_rate<nan",
          "p99<-1s", "p99<1s for 0s", "p99<1s for 4294967296s", "p99<>1s", "p99<1s for 1s for 1s"}) {
        try {
            condition::parse(text);
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& wrong) {
            EXPECT_EQ(std::string(wrong.what()).find('\n'), std::string::npos);
        }
    }
}

TEST(condition, compares_as_written) {
    const auto holds = [](const char* text, double value) {
        const auto c = condition::parse(text);
        return c.holds(value, c.bound);
    };
    EXPECT_FALSE(holds("rps<10", 10));
    EXPECT_TRUE(holds("rps<=10", 10));
    EXPECT_FALSE(holds("rps>10", 10));
    EXPECT_TRUE(holds("rps>=10", 10));
}

TEST(condition, figures_are_read_from_a_row) {
    row r;
    r.length = 2s;
    r.outcomes[static_cast<std::size_t>(outcome::ok)] = 100;
    EXPECT_EQ(value_of(metric::availability, r), std::nullopt);
    EXPECT_EQ(value_of(metric::error_rate, r), std::nullopt);
    EXPECT_EQ(value_of(metric::p99, r), std::nullopt);
    r.availability = 0.75;
    r.response.count = 100;
    r.response.p50_us = 1;
    r.response.p90_us = 2;
    r.response.p99_us = 3;
    r.response.p999_us = 4;
    EXPECT_EQ(value_of(metric::availability, r), 0.75);
    EXPECT_EQ(value_of(metric::error_rate, r), 0.25);
    EXPECT_EQ(value_of(metric::rps, r), 50);
    EXPECT_EQ(value_of(metric::p50, r), 1);
    EXPECT_EQ(value_of(metric::p90, r), 2);
    EXPECT_EQ(value_of(metric::p99, r), 3);
    EXPECT_EQ(value_of(metric::p999, r), 4);
    EXPECT_EQ(value_of(metric::rps, row{}), std::nullopt);
    r.availability = 0.99; // 1 - 0.99 is above 0.01 in binary
    const auto bound = condition::parse("error_rate<=1%");
    EXPECT_TRUE(bound.holds(*value_of(metric::error_rate, r), bound.bound));
}

} // namespace
} // namespace beastmark::loadgen
