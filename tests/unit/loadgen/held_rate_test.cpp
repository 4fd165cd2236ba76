#include "loadgen/held_rate.hpp"
#include "tests/unit/loadgen/compared_results.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace beastmark::loadgen {
namespace {

using testing_results::result_of;
using testing_results::step;

constexpr double open = std::numeric_limits<double>::infinity();

held_rate held(const std::vector<step>& steps, bool stopped = false, const objective& wanted = {}) {
    auto result = result_of("t", steps);
    if (stopped)
        result["run"]["stopped"] = {{"target", "t"}};
    return find_held_rate(read_runs(result, 0).at(0), wanted);
}

step disturbed(double rate) {
    return {.rate = rate, .verdict = "disturbed", .cause = "steal", .believable = false};
}

TEST(held_rate, is_the_one_before_the_first_that_misses) {
    const auto found = held({{.rate = 100}, {.rate = 200}, {.rate = 400, .p99_ms = 60}, {.rate = 800}});
    EXPECT_EQ(found.rate, (bounds{200, 200}));
    EXPECT_EQ(found.why_open, "");
}

TEST(held_rate, asks_for_both_latency_and_availability_and_for_more_than_the_bound) {
    EXPECT_EQ(held({{.rate = 100}, {.rate = 200, .p99_ms = 50}}).rate, (bounds{100, 100}));
    EXPECT_EQ(held({{.rate = 100}, {.rate = 200, .availability = 0.999}}).rate, (bounds{100, 100}));
    EXPECT_EQ(held({{.rate = 100},
                    {.rate = 200, .p99_ms = 49.9, .availability = 0.9991},
                    {.rate = 400, .p99_ms = 51}})
                  .rate,
              (bounds{200, 200}));
    EXPECT_EQ(held({{.rate = 100}, {.rate = 200, .p99_ms = 20}}, false, {.p99_us = 10'000}).rate,
              (bounds{100, 100}));
}

TEST(held_rate, is_zero_when_the_lowest_misses) {
    EXPECT_EQ(held({{.rate = 100, .p99_ms = 70}, {.rate = 200}}).rate, (bounds{0, 0}));
}

TEST(held_rate, is_at_least_the_last_of_the_ladder) {
    const auto found = held({{.rate = 1'000}, {.rate = 2'000}});
    EXPECT_EQ(found.rate, (bounds{2'000, open}));
    EXPECT_EQ(found.why_open, "2,000/s, the highest rate asked, was held");
}

TEST(held_rate, what_the_generator_could_not_offer_is_no_limit_of_the_service) {
    const step limited{.rate = 400,
                       .p99_ms = 90,
                       .availability = 0.5,
                       .verdict = "generator-limited",
                       .cause = "own-cpu",
                       .believable = false};
    const auto found = held({{.rate = 100}, {.rate = 200}, limited});
    EXPECT_EQ(found.rate, (bounds{200, open}));
    EXPECT_EQ(found.why_open,
              "400/s is not to be believed (generator-limited: a load thread used a whole core)");
    const auto between = held({{.rate = 200}, limited, {.rate = 800, .p99_ms = 90}});
    EXPECT_EQ(between.rate, (bounds{200, 400})) << "whether 400 was too much is not known, 800 was";
    EXPECT_EQ(between.why_open, "400/s is not to be believed (generator-limited: a load thread used a whole "
                                "core), 800/s was too much");
    EXPECT_EQ(held({{.rate = 200}, limited, disturbed(600), {.rate = 800, .p99_ms = 90}}).rate,
              (bounds{200, 600}));
    EXPECT_EQ(held({limited, {.rate = 500}, disturbed(600), {.rate = 800, .p99_ms = 90}}).rate,
              (bounds{500, 600}))
        << "what was held since decides";
    EXPECT_EQ(held({{.rate = 200}, limited, {.rate = 800}, {.rate = 1'600, .p99_ms = 90}}).rate,
              (bounds{800, 800}));
}

TEST(held_rate, a_stage_not_to_be_believed_was_not_held) {
    const auto found = held({{.rate = 100}, disturbed(200)});
    EXPECT_EQ(found.rate, (bounds{100, open}));
    EXPECT_EQ(found.why_open, "200/s is not to be believed (disturbed: the hypervisor took CPU time)");
}

TEST(held_rate, is_not_known_when_nothing_below_the_first_miss_can_be_believed) {
    const auto found = held({disturbed(100), {.rate = 200, .p99_ms = 90}});
    EXPECT_FALSE(found.rate);
    EXPECT_EQ(found.why_open, "100/s is not to be believed (disturbed: the hypervisor took CPU time)");
    EXPECT_FALSE(held({disturbed(100)}).rate);
}

TEST(held_rate, a_stage_cut_short_decides_only_when_the_stop_condition_did_it) {
    const step cut{.rate = 200, .p99_ms = 90, .availability = 0.5, .complete = false};
    EXPECT_EQ(held({{.rate = 100}, cut}, true).rate, (bounds{100, 100}));
    const auto interrupted = held({{.rate = 100}, cut}, false);
    EXPECT_EQ(interrupted.rate, (bounds{100, open}));
    EXPECT_EQ(interrupted.why_open, "the run ended during 200/s");
}

TEST(held_rate, without_an_answer_nothing_is_held) {
    auto result = result_of("t", {{.rate = 100}, {.rate = 200}});
    result["targets"]["t"]["stages"][1]["latency"]["response"]["p99_us"] = nullptr;
    EXPECT_EQ(find_held_rate(read_runs(result, 0).at(0), {}).rate, (bounds{100, 100}));
}

} // namespace
} // namespace beastmark::loadgen
