#include "loadgen/comparison_numbers.hpp"
#include "loadgen/spread.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace beastmark::loadgen {
namespace {

constexpr double open = std::numeric_limits<double>::infinity();

by_round exactly(std::initializer_list<double> values) {
    by_round rounds;
    for (const double value : values)
        rounds.emplace_back(bounds{value, value});
    return rounds;
}

TEST(spread, is_the_median_and_the_range_of_the_rounds_that_have_a_value) {
    auto rounds = exactly({5, 1, 3});
    rounds.emplace_back(std::nullopt);
    const auto found = spread_of(rounds);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->median, (bounds{3, 3}));
    EXPECT_EQ(found->range, (bounds{1, 5}));
    EXPECT_EQ(found->rounds, 3U);
    EXPECT_FALSE(spread_of({std::nullopt}));
}

TEST(spread, of_an_even_number_of_rounds_is_their_mean_or_the_lower) {
    EXPECT_EQ(spread_of(exactly({4, 1, 2, 8}))->median.low, 3);
    EXPECT_EQ(spread_of(exactly({4, 1, 2, 8}), middle::lower)->median.low, 2);
}

TEST(spread, a_median_of_nothing_is_none) {
    EXPECT_FALSE(median_of({}));
    EXPECT_EQ(median_of({3, 1}), 2);
    EXPECT_EQ(median_of({3, 1}, middle::lower), 1);
}

TEST(spread, an_open_round_leaves_a_median_below_it_exact) {
    const auto below = spread_of({bounds{8, open}, bounds{4, 4}, bounds{5, 5}});
    EXPECT_EQ(below->median, (bounds{5, 5}));
    EXPECT_EQ(below->range, (bounds{4, open}));
    const auto above = spread_of({bounds{3, open}, bounds{4, 4}, bounds{5, 5}});
    EXPECT_EQ(above->median, (bounds{4, 5})) << "the open one may be anything from 3 on";
}

TEST(spread, a_ratio_is_taken_round_by_round) {
    const auto ratios = paired_ratio(exactly({2, 9, 0, 5}), exactly({1, 3, 7, 0}));
    ASSERT_EQ(ratios.size(), 4U);
    EXPECT_EQ(ratios[0], (bounds{2, 2}));
    EXPECT_EQ(ratios[1], (bounds{3, 3}));
    EXPECT_FALSE(ratios[2]);
    EXPECT_FALSE(ratios[3]);
    EXPECT_EQ(paired_ratio({bounds{6, open}}, exactly({2}))[0], (bounds{3, open}));
    EXPECT_EQ(paired_ratio(exactly({6}), {bounds{2, open}})[0], (bounds{0, 3}));
}

TEST(spread, no_difference_is_shown_by_a_range_with_one_inside_or_by_noise) {
    const auto ratio = [](std::initializer_list<double> values) { return *spread_of(exactly(values)); };
    EXPECT_EQ(what_it_shows(ratio({0.9, 1.2, 1.3}), 0), shown::no_difference);
    EXPECT_EQ(what_it_shows(ratio({1, 1.2}), 0), shown::no_difference);
    EXPECT_EQ(what_it_shows(ratio({1.1, 1.2, 1.3}), 0), shown::difference);
    EXPECT_EQ(what_it_shows(ratio({1.1, 1.2, 1.3}), std::log(1.19)), shown::difference);
    EXPECT_EQ(what_it_shows(ratio({1.1, 1.2, 1.3}), std::log(1.21)), shown::no_difference);
    EXPECT_EQ(what_it_shows(ratio({0.7, 0.8, 0.9}), std::log(1.24)), shown::difference);
    EXPECT_EQ(what_it_shows(ratio({0.7, 0.8, 0.9}), std::log(1.26)), shown::no_difference)
        << "1 / 0.8 is 1.25: as far as that";
    EXPECT_EQ(what_it_shows(ratio({3}), 0), shown::one_round);
    EXPECT_EQ(what_it_shows(ratio({2, 3}), std::nullopt), shown::noise_not_known);
    EXPECT_EQ(what_it_shows(ratio({0.9, 3}), std::nullopt), shown::no_difference);
    EXPECT_EQ(what_it_shows(ratio({3}), std::nullopt), shown::one_round);
    EXPECT_EQ(what_it_shows({{0, open}, {0, open}, 3}, 0), shown::no_difference);
}

TEST(spread, noise_is_as_far_as_the_same_program_ever_was_from_itself) {
    EXPECT_DOUBLE_EQ(*furthest_from_one(*spread_of(exactly({0.8, 1, 1.1}))), std::log(1.25));
    EXPECT_FALSE(furthest_from_one(*spread_of({bounds{2, open}})));
}

TEST(comparison_numbers, are_short_and_have_their_unit) {
    EXPECT_EQ(rate_text(90'000), "90,000");
    EXPECT_EQ(rate_text(12.345), "12.3");
    EXPECT_EQ(rate_text(99.96), "100");
    EXPECT_EQ(rate_text(1e300), "1e+300");
    EXPECT_EQ(quantity_text(12.34, quantity::microseconds), "12.3 us");
    EXPECT_EQ(quantity_text(999.6, quantity::microseconds), "1 ms");
    EXPECT_EQ(quantity_text(2.5e6, quantity::microseconds), "2.5 s");
    EXPECT_EQ(quantity_text(8.4 * 1024 * 1024, quantity::bytes), "8.4 MiB");
    EXPECT_EQ(quantity_text(0.99996, quantity::share), "99.99 %") << "never 100 % what is not";
    EXPECT_EQ(quantity_text(1, quantity::share), "100 %");
}

TEST(comparison_numbers, say_what_is_open) {
    EXPECT_EQ(figure_text({90'000, open}, quantity::rate), "at least 90,000");
    EXPECT_EQ(ratio_text({3.1, open}), "at least 3.1");
    EXPECT_EQ(ratio_text({0, 0.5}), "at most 0.5");
    EXPECT_EQ(ratio_text({0, open}), "not known");
    EXPECT_EQ(ratio_text({0.3, 0.444}), "0.3 to 0.444");
    EXPECT_EQ(figure_text({8'000, 16'000}, quantity::rate), "8,000 to 16,000");
    EXPECT_EQ(range_text({{}, {81'000, 96'000}, 3}, quantity::rate), "81,000 to 96,000");
    EXPECT_EQ(range_text({{}, {0, 4'000}, 3}, quantity::rate), "0 to 4,000");
    EXPECT_EQ(range_text({{}, {81'000, open}, 3}, quantity::rate), "81,000 or more");
    EXPECT_EQ(range_text({{}, {8, 8}, 2}, quantity::rate), "each round");
    EXPECT_EQ(range_text({{}, {8, 8}, 1}, quantity::rate), "");
    EXPECT_EQ(ratio_range_text({{}, {0, 3.4}, 2}), "3.4 or less");
    EXPECT_EQ(ratio_range_text({{}, {2.9, 3.4}, 2}), "2.9 to 3.4");
}

} // namespace
} // namespace beastmark::loadgen
