#include "loadgen/interop/k6_stages.hpp"
#include "loadgen/schedule.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace beastmark::loadgen::interop {
namespace {

using namespace std::chrono_literals;
using all = std::vector<stage>;

TEST(k6_stages, lead_from_one_target_to_the_next) {
    EXPECT_EQ(read_k6_stages("100", {"30s:500", "1m:500", "30s:0"}),
              (all{{stage_kind::linear, 30s, 100, 500, 1},
                   {stage_kind::hold, 60s, 500, 500, 1},
                   {stage_kind::linear, 30s, 500, 0, 1}}));
}

TEST(k6_stages, begin_at_zero_unless_told_otherwise) {
    EXPECT_EQ(read_k6_stages("0", {"1m30s:2k"}), (all{{stage_kind::linear, 90s, 0, 2000, 1}}));
}

TEST(k6_stages, one_of_no_duration_jumps) {
    EXPECT_EQ(read_k6_stages("0", {"0s:50", "10s:50", "0:20", "5s:20"}),
              (all{{stage_kind::hold, 10s, 50, 50, 1}, {stage_kind::hold, 5s, 20, 20, 1}}));
}

TEST(k6_stages, a_ramp_from_zero_begins_with_one_request_and_then_follows_the_line) {
    const schedule s(read_k6_stages("0", {"10s:10"}));
    EXPECT_EQ(s.size(), 50u);
    EXPECT_EQ(s.time_of(0), 0s);
    EXPECT_EQ(s.arrivals_before(1s), 1u);
    EXPECT_NEAR(std::chrono::duration<double>(s.time_of(8)).count(), 4.0, 1e-6); // 0.5 * t^2 = 8
}

TEST(k6_stages, at_zero_nothing_is_sent) {
    const schedule s(read_k6_stages("10", {"1s:10", "0s:0", "10s:0", "0s:10", "1s:10"}));
    EXPECT_EQ(s.size(), 20u);
    EXPECT_EQ(s.arrivals_before(1s), s.arrivals_before(11s));
}

TEST(k6_stages, refuse_what_is_none_and_say_how_to_write_it) {
    for (const auto* const text : {"", "30s", "30s:", ":5", "x:5", "30s:x", "30s:1..2", "30s:-1"}) {
        try {
            read_k6_stages("0", {text});
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& problem) {
            EXPECT_NE(std::string(problem.what()).find("DURATION:TARGET"), std::string::npos);
        }
    }
    EXPECT_THROW(read_k6_stages("-1", {"1s:1"}), std::invalid_argument);
    EXPECT_THROW(read_k6_stages("0", {"0s:1"}), std::invalid_argument);
}

} // namespace
} // namespace beastmark::loadgen::interop
