#include "loadgen/capacity_output.hpp"
#include "loadgen/rate_probe.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace beastmark::loadgen {
namespace {

using second = probe_evidence::second;

probe_evidence kept(std::vector<second> seconds) {
    return {.kept = true, .seconds = std::move(seconds)};
}

probe_evidence missed(std::vector<second> seconds) {
    return {.kept = false, .seconds = std::move(seconds)};
}

TEST(rate_probe, is_held_when_all_is_kept_and_nothing_piles_up) {
    EXPECT_EQ(judge_probe(kept({{true, 5, 1000}, {true, 9, 1000}, {true, 6, 1000}})), probe_outcome::held);
}

TEST(rate_probe, a_queue_that_grows_from_second_to_second_makes_it_inconclusive) {
    // 1 % more than the service can do, and the objective is not reached yet.
    EXPECT_EQ(judge_probe(kept({{true, 15, 1000}, {true, 25, 1000}, {true, 35, 1000}, {true, 45, 1000}})),
              probe_outcome::inconclusive);
    // One that went back in between, or grew by next to nothing, does not grow.
    EXPECT_EQ(judge_probe(kept({{true, 15, 1000}, {true, 45, 1000}, {true, 35, 1000}, {true, 55, 1000}})),
              probe_outcome::held);
    EXPECT_EQ(judge_probe(kept({{true, 5, 1000}, {true, 8, 1000}, {true, 12, 1000}})), probe_outcome::held);
    EXPECT_EQ(judge_probe(kept({{true, 50, 50'000}, {true, 90, 50'000}, {true, 120, 50'000}})),
              probe_outcome::held);
}

TEST(rate_probe, is_missed_when_half_of_its_seconds_miss) {
    EXPECT_EQ(judge_probe(missed({{true, 5, 1000}, {false, 9, 1000}, {false, 6, 1000}, {true, 5, 1000}})),
              probe_outcome::missed);
}

TEST(rate_probe, a_hiccup_of_a_second_is_inconclusive) {
    EXPECT_EQ(judge_probe(missed({{true, 5, 1000}, {false, 9, 1000}, {true, 6, 1000}})),
              probe_outcome::inconclusive);
}

TEST(rate_probe, what_is_missed_while_the_queue_grows_is_no_hiccup) {
    EXPECT_EQ(judge_probe(missed({{true, 15, 1000}, {true, 35, 1000}, {false, 55, 1000}})),
              probe_outcome::missed);
}

TEST(rate_probe, what_is_missed_and_not_to_be_believed_says_nothing_of_the_service) {
    for (const bool grows : {true, false}) {
        auto seen =
            grows ? kept({{true, 15, 1000}, {true, 35, 1000}}) : missed({{false, 5, 1000}, {false, 5, 1000}});
        seen.believable = false;
        seen.is = verdict::generator_limited;
        EXPECT_EQ(judge_probe(seen), probe_outcome::generator_limited);
        seen.is = verdict::disturbed;
        EXPECT_EQ(judge_probe(seen), probe_outcome::disturbed);
    }
}

TEST(rate_probe, what_was_asked_above_the_answer_is_not_forgotten) {
    const std::vector<rate_probe> probes{{.rate = 400, .outcome = probe_outcome::held},
                                         {.rate = 800, .outcome = probe_outcome::disturbed}};
    EXPECT_EQ(asked_above_text(probes, 400), "at 800/s, which was asked, too, it is not known (disturbed)");
    EXPECT_EQ(asked_above_text(probes, 800), "nothing higher was asked");
}

TEST(rate_probe, what_is_kept_in_spite_of_a_disturbance_is_held) {
    auto seen = kept({{true, 5, 1000}, {true, 5, 1000}});
    seen.believable = false;
    seen.is = verdict::disturbed;
    EXPECT_EQ(judge_probe(seen), probe_outcome::held);
}

} // namespace
} // namespace beastmark::loadgen
