#include "loadgen/rate_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace beastmark::loadgen {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Optional;

struct finished_search {
    rate_search search;
    std::vector<double> tried{};
};

finished_search search_with(const rate_search::settings& how, const std::function<attempt(double)>& outcome) {
    finished_search f{rate_search(how)};
    while (const auto rate = f.search.next()) {
        f.tried.push_back(*rate);
        f.search.tell(outcome(*rate));
        if (f.tried.size() > 100)
            break;
    }
    return f;
}

std::function<attempt(double)> clean_up_to(double limit) {
    return [limit](double rate) { return rate <= limit ? attempt::clean : attempt::unclean; };
}

TEST(rate_search, doubles_until_it_is_unclean_then_closes_in) {
    const auto f = search_with({}, clean_up_to(5000));
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 4000, 8000, 5700, 4800, 5200));
    EXPECT_THAT(f.search.clean(), Optional(DoubleEq(4800)));
    EXPECT_THAT(f.search.unclean(), Optional(DoubleEq(5200)));
}

TEST(rate_search, what_is_clean_and_what_is_not_end_close_together_whatever_the_limit) {
    for (double limit = 130; limit < 4e6; limit *= 1.07) {
        const auto f = search_with({}, clean_up_to(limit));
        ASSERT_TRUE(f.search.clean() && f.search.unclean()) << limit;
        EXPECT_LE(*f.search.clean(), limit);
        EXPECT_GT(*f.search.unclean(), limit);
        // Two digits: between 10 and 11 there is nothing.
        EXPECT_LE(*f.search.unclean(), *f.search.clean() * 1.1001) << limit;
        EXPECT_LE(f.tried.size(), 20u) << limit;
    }
}

TEST(rate_search, a_disturbed_rate_is_tried_once_more) {
    std::vector<double> disturbed;
    const auto f = search_with({}, [&](double rate) {
        if (rate == 2000 && disturbed.empty()) {
            disturbed.push_back(rate);
            return attempt::disturbed;
        }
        return clean_up_to(3000)(rate);
    });
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 2000, 4000, 2800, 3300, 3000));
    EXPECT_THAT(f.search.clean(), Optional(DoubleEq(3000)));
}

TEST(rate_search, a_rate_disturbed_twice_is_passed_over_on_the_way_up) {
    unsigned disturbed = 0;
    const auto noisy_at_first = [&](double rate) {
        return disturbed++ < 2 ? attempt::disturbed : clean_up_to(5000)(rate);
    };
    const auto f = search_with({}, noisy_at_first);
    EXPECT_THAT(f.tried, ElementsAre(1000, 1000, 2000, 4000, 8000, 5700, 4800, 5200));
    EXPECT_THAT(f.search.clean(), Optional(DoubleEq(4800)));
}

TEST(rate_search, a_limit_behind_a_rate_that_was_passed_over_bounds_the_search) {
    const auto f = search_with({}, [&](double rate) {
        return rate > 3999 && rate < 4001 ? attempt::disturbed : clean_up_to(5000)(rate);
    });
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 4000, 4000, 8000, 4000, 4000, 2800, 3300, 3600, 3800));
    EXPECT_THAT(f.search.unclean(), Optional(DoubleEq(4000)));
}

TEST(rate_search, two_disturbed_rates_in_a_row_end_it) {
    const auto f =
        search_with({}, [](double rate) { return rate > 1000 ? attempt::disturbed : attempt::clean; });
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 2000, 4000, 4000));
    EXPECT_THAT(f.search.clean(), Optional(DoubleEq(1000)));
    EXPECT_THAT(f.search.unclean(), Optional(DoubleEq(2000)));
    const auto never = search_with({}, [](double) { return attempt::disturbed; });
    EXPECT_THAT(never.tried, ElementsAre(1000, 1000, 2000, 2000));
    EXPECT_THAT(never.search.unclean(), Optional(DoubleEq(1000)));
}

TEST(rate_search, a_clean_rate_between_two_disturbed_ones_keeps_it_going) {
    const auto f = search_with({}, [](double rate) {
        return rate < 1500 || (rate > 3000 && rate < 5000) ? attempt::disturbed : clean_up_to(9000)(rate);
    });
    EXPECT_THAT(f.tried, ElementsAre(1000, 1000, 2000, 4000, 4000, 8000, 16'000, 11'000, 9400, 8700));
}

TEST(rate_search, closing_in_a_rate_disturbed_twice_counts_as_unclean) {
    const auto f = search_with({}, [](double rate) {
        return rate > 2500 && rate < 3500 ? attempt::disturbed : clean_up_to(2500)(rate);
    });
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 4000, 2800, 2800, 2400, 2600, 2600));
}

TEST(rate_search, goes_down_when_the_first_rate_is_unclean_and_gives_up_at_the_least) {
    EXPECT_THAT(search_with({}, clean_up_to(300)).tried, ElementsAre(1000, 500, 250, 350, 300, 320));
    const auto none = search_with({}, clean_up_to(0));
    EXPECT_THAT(none.tried, ElementsAre(1000, 500, 250, 125));
    EXPECT_EQ(none.search.clean(), std::nullopt);
}

TEST(rate_search, ends_at_the_highest_rate) {
    const auto f = search_with({.most = 4000}, clean_up_to(1e9));
    EXPECT_THAT(f.tried, ElementsAre(1000, 2000, 4000));
    EXPECT_EQ(f.search.unclean(), std::nullopt);
}

TEST(rate_search, tries_the_rate_that_was_asked_for_when_it_is_in_doubt) {
    EXPECT_THAT(search_with({.asked = 5001}, clean_up_to(5010)).tried,
                ElementsAre(1000, 2000, 4000, 8000, 5001, 6300, 5600, 5300));
    // In the last gap, too.
    const auto late = search_with({.asked = 5001}, clean_up_to(5000));
    EXPECT_THAT(late.search.unclean(), Optional(DoubleEq(5001)));
    EXPECT_THAT(search_with({.asked = 300}, clean_up_to(5000)).tried, testing::Not(testing::Contains(300)));
}

TEST(rate_search, begins_with_a_low_rate_that_was_asked_for) {
    EXPECT_THAT(search_with(search_about(100), clean_up_to(150)).tried,
                ElementsAre(100, 200, 140, 170, 150, 160));
    EXPECT_THAT(search_with(search_about(100), clean_up_to(50)).tried, ElementsAre(100));
    EXPECT_DOUBLE_EQ(search_about(0.01).first, 10);
    for (const auto& how : {search_about(std::nullopt), search_about(20'000)}) {
        EXPECT_DOUBLE_EQ(how.first, 1000);
        EXPECT_DOUBLE_EQ(how.least, 125);
    }
    EXPECT_THAT(search_about(20'000).asked, Optional(DoubleEq(20'000)));
}

TEST(rate_search, ends_after_so_many_attempts) {
    EXPECT_EQ(search_with({.attempts = 3}, clean_up_to(1e9)).tried.size(), 3u);
    for (unsigned most = 1; most < 12; ++most) {
        const auto f = search_with({.attempts = most}, [](double) { return attempt::disturbed; });
        EXPECT_EQ(f.tried.size(), std::min(most, 4u));
    }
}

TEST(rate_search, rates_have_two_digits) {
    EXPECT_DOUBLE_EQ(two_digits(45'254.8), 45'000);
    EXPECT_DOUBLE_EQ(two_digits(176.8), 180);
    EXPECT_DOUBLE_EQ(two_digits(1000), 1000);
}

} // namespace
} // namespace beastmark::loadgen
