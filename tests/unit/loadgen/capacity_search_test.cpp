#include "loadgen/capacity_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace beastmark::loadgen {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

using server = std::function<probe_outcome(const probe_request&)>;

struct finished_search {
    capacity_search search;
    std::vector<probe_request> asked{};

    [[nodiscard]] std::vector<double> rates() const {
        std::vector<double> all;
        for (const auto& one : asked)
            all.push_back(one.rate);
        return all;
    }

    [[nodiscard]] capacity_answer answer() const { return search.answer(); }
};

finished_search search_with(const capacity_search::settings& how, const server& what_becomes_of) {
    finished_search f{capacity_search(how)};
    while (f.search.next()) {
        f.asked.push_back(*f.search.next());
        f.search.tell(what_becomes_of(f.asked.back()));
        if (f.asked.size() > how.most_probes) {
            ADD_FAILURE() << "no end";
            break;
        }
    }
    return f;
}

server holds_up_to(double capacity) {
    return [=](const probe_request& p) {
        return p.rate <= capacity ? probe_outcome::held : probe_outcome::missed;
    };
}

void expect_found(const finished_search& f, double capacity, double precision) {
    const auto found = f.answer();
    EXPECT_EQ(found.kind, capacity_kind::found) << capacity;
    EXPECT_TRUE(found.precise) << capacity;
    EXPECT_LE(found.low, capacity);
    EXPECT_GE(found.high, capacity);
    EXPECT_LE(found.high, found.low * (1 + precision)) << capacity;
}

TEST(capacity_search, a_sharp_capacity_is_found_wherever_it_lies) {
    for (double capacity = 1050; capacity < 95'000; capacity *= 1.31) {
        const auto f = search_with({}, holds_up_to(capacity));
        expect_found(f, capacity, 0.03);
        EXPECT_LE(f.asked.size(), 25u) << capacity;
        EXPECT_THAT(f.rates(), Each(testing::AllOf(Ge(1000), Le(100'000))));
    }
}

TEST(capacity_search, doubles_from_the_lowest_rate_until_one_is_not_held) {
    const auto rates = search_with({}, holds_up_to(5000)).rates();
    ASSERT_GT(rates.size(), 5u);
    EXPECT_THAT(std::vector(rates.begin(), rates.begin() + 4), ElementsAre(1000, 2000, 4000, 8000));
    EXPECT_GT(rates[4], 4000); // and from there on only between the two
    EXPECT_LT(rates[4], 8000);
}

TEST(capacity_search, a_narrower_interval_takes_more_probes) {
    const auto coarse = search_with({.precision = 0.2}, holds_up_to(5000));
    const auto fine = search_with({.precision = 0.005}, holds_up_to(5000));
    expect_found(coarse, 5000, 0.2);
    expect_found(fine, 5000, 0.005);
    EXPECT_LT(coarse.asked.size(), fine.asked.size());
}

// A server turns from held to missed around its capacity as noise has it, and says the opposite at times.
server noisy(double capacity, double width, double lapse, std::mt19937& random) {
    return [=, &random](const probe_request& p) {
        const double held = 1 / (1 + std::exp(-2 * std::log(capacity / p.rate) / width));
        const bool honest = std::uniform_real_distribution<>()(random) >= lapse;
        const bool holds = std::uniform_real_distribution<>()(random) < held;
        return honest == holds ? probe_outcome::held : probe_outcome::missed;
    };
}

TEST(capacity_search, of_200_noisy_servers_the_interval_contains_the_capacity_of_nine_in_ten) {
    std::mt19937 random(
        1); // the generator is the same on every platform; its distributions decide a few of 200
    int contained = 0;
    int precise = 0;
    std::size_t probes = 0;
    for (int i = 0; i < 200; ++i) {
        const double capacity = 1100 * std::pow(80, std::uniform_real_distribution<>()(random));
        const double width = i % 2 == 0 ? 0.003 : 0.01;
        const auto f = search_with({}, noisy(capacity, width, 0.05, random));
        const auto found = f.answer();
        contained += found.low <= capacity && capacity <= found.high ? 1 : 0;
        if (found.precise) {
            ++precise;
            EXPECT_LE(found.high, found.low * 1.03);
        }
        probes += f.asked.size();
    }
    EXPECT_GE(contained, 180);
    EXPECT_GE(precise, 190);
    EXPECT_LE(probes / 200, 35u);
    RecordProperty("contained", contained);
    RecordProperty("probes", static_cast<int>(probes / 200));
}

TEST(capacity_search, one_wrong_outcome_is_outweighed_wherever_it_comes) {
    for (std::size_t wrong = 0; wrong < 12; ++wrong) {
        std::size_t n = 0;
        const auto f = search_with({}, [&](const probe_request& p) {
            const bool holds = p.rate <= 5000;
            return (n++ == wrong) != holds ? probe_outcome::held : probe_outcome::missed;
        });
        expect_found(f, 5000, 0.03);
    }
}

TEST(capacity_search, a_service_that_holds_everything_has_at_least_the_highest_rate) {
    const auto f = search_with({}, holds_up_to(1e9));
    EXPECT_EQ(f.answer().kind, capacity_kind::at_least);
    EXPECT_TRUE(f.answer().precise);
    EXPECT_GE(f.answer().low, 100'000 / 1.03);
    EXPECT_TRUE(std::isinf(f.answer().high));
    EXPECT_LE(f.asked.size(), 14u);
}

TEST(capacity_search, a_service_that_holds_nothing_is_below_the_range) {
    const auto f = search_with({}, holds_up_to(0));
    EXPECT_EQ(f.answer().kind, capacity_kind::below);
    EXPECT_TRUE(f.answer().precise);
    EXPECT_THAT(f.rates(), Each(1000)); // more would only hurt it
    EXPECT_LE(f.asked.size(), 5u);
}

TEST(capacity_search, a_service_that_flaps_at_every_rate_gets_no_narrow_answer) {
    std::mt19937 random(7);
    int precise = 0;
    for (int i = 0; i < 40; ++i)
        precise += search_with({}, noisy(1e9, 0.01, 0.5, random)).answer().precise ? 1 : 0;
    EXPECT_LE(precise, 4);
}

TEST(capacity_search, an_inconclusive_rate_is_asked_for_longer_and_then_counts_as_missed) {
    const auto f = search_with({}, [](const probe_request& p) {
        return p.rate < 5000   ? probe_outcome::held
               : p.rate < 5200 ? probe_outcome::inconclusive
                               : probe_outcome::missed;
    });
    expect_found(f, 5000, 0.03);
    std::vector<unsigned> lengths;
    for (const auto& one : f.asked)
        if (one.rate >= 5000 && one.rate < 5200)
            lengths.push_back(one.length);
    ASSERT_GE(lengths.size(), 3u);
    EXPECT_THAT(std::vector(lengths.begin(), lengths.begin() + 3), ElementsAre(1, 2, 4));
}

TEST(capacity_search, a_disturbed_probe_is_discarded_and_repeated) {
    std::size_t n = 0;
    const auto undisturbed = search_with({}, holds_up_to(5000));
    const auto f = search_with({}, [&](const probe_request& p) {
        return n++ % 3 != 2 ? probe_outcome::disturbed : holds_up_to(5000)(p);
    });
    EXPECT_EQ(f.asked.size(), 3 * undisturbed.asked.size());
    expect_found(f, 5000, 0.03);
}

TEST(capacity_search, a_machine_that_disturbs_all_the_time_ends_it) {
    const auto f = search_with({}, [](const probe_request& p) {
        return p.rate < 3000 ? probe_outcome::held : probe_outcome::disturbed;
    });
    EXPECT_EQ(f.answer().kind, capacity_kind::disturbed);
    EXPECT_FALSE(f.answer().precise);
    EXPECT_EQ(f.asked.size(), 2 + 20u);
}

TEST(capacity_search, the_load_generators_ceiling_is_not_the_services_capacity) {
    const auto f = search_with({}, [](const probe_request& p) {
        return p.rate <= 9000 ? probe_outcome::held : probe_outcome::generator_limited;
    });
    EXPECT_EQ(f.answer().kind, capacity_kind::generator_limited);
    EXPECT_TRUE(f.answer().precise);
    EXPECT_LE(f.answer().low, 9000);
    EXPECT_GE(f.answer().high, 9000);
    const auto at_once =
        search_with({}, [](const probe_request&) { return probe_outcome::generator_limited; });
    EXPECT_EQ(at_once.answer().kind, capacity_kind::generator_limited);
}

TEST(capacity_search, a_capacity_below_the_load_generators_ceiling_is_found) {
    const auto f = search_with({}, [](const probe_request& p) {
        return p.rate <= 5000   ? probe_outcome::held
               : p.rate <= 7000 ? probe_outcome::missed
                                : probe_outcome::generator_limited;
    });
    expect_found(f, 5000, 0.03);
}

TEST(capacity_search, a_load_generator_that_was_late_once_is_asked_again) {
    std::size_t n = 0;
    const auto f = search_with({}, [&](const probe_request& p) {
        return n++ % 2 == 0 ? probe_outcome::generator_limited : holds_up_to(5000)(p);
    });
    expect_found(f, 5000, 0.03);
}

TEST(capacity_search, no_more_probes_than_asked_and_the_answer_says_that_it_is_wide) {
    const auto f = search_with({.most_probes = 5}, holds_up_to(5000));
    EXPECT_EQ(f.asked.size(), 5u);
    EXPECT_FALSE(f.answer().precise);
    EXPECT_LE(f.answer().low, 5000);
    EXPECT_GE(f.answer().high, 5000);
}

TEST(capacity_search, says_what_is_known_at_any_time) {
    capacity_search search({});
    EXPECT_EQ(search.answer().kind, capacity_kind::unknown);
    search.tell(probe_outcome::held); // 1000
    search.tell(probe_outcome::held); // 2000
    EXPECT_EQ(search.answer().kind, capacity_kind::at_least);
    EXPECT_EQ(search.answer().low, 2000);
    EXPECT_FALSE(search.answer().precise);
    search.tell(probe_outcome::missed); // 4000
    EXPECT_EQ(search.answer().kind, capacity_kind::found);
    EXPECT_FALSE(search.answer().precise);
    EXPECT_GT(search.answer().likeliest, 2000);
    EXPECT_LT(search.answer().likeliest, 4000);
}

} // namespace
} // namespace beastmark::loadgen
