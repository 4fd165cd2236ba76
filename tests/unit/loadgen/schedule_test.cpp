#include "loadgen/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

stage hold(nanoseconds d, double rate) {
    return {stage_kind::hold, d, rate, rate, 1};
}

stage linear(nanoseconds d, double from, double to) {
    return {stage_kind::linear, d, from, to, 1};
}

stage staircase(nanoseconds d, double from, double to, unsigned steps) {
    return {stage_kind::staircase, d, from, to, steps};
}

// The rate at a time, straight from the stages' definition.
double rate_at(const std::vector<stage>& stages, double t) {
    double start = 0;
    for (const auto& s : stages) {
        const auto length = std::chrono::duration<double>(s.duration).count();
        if (t < start + length) {
            const auto x = (t - start) / length;
            if (s.kind == stage_kind::linear)
                return s.from_rps + (s.to_rps - s.from_rps) * x;
            const auto step = std::floor(x * s.steps);
            return s.steps == 1 ? s.from_rps : s.from_rps + (s.to_rps - s.from_rps) * step / (s.steps - 1);
        }
        start += length;
    }
    return 0;
}

// Sums the rate in small steps and notes when each whole number is reached; one reached where the rate falls
// to 0 is due when it rises again.
std::vector<double> brute_force(const std::vector<stage>& stages, double step) {
    std::vector<double> times;
    double end = 0;
    for (const auto& s : stages)
        end += std::chrono::duration<double>(s.duration).count();
    long double area = 0;
    for (double t = 0; t < end; t += step) {
        if (area + 1e-9L >= static_cast<long double>(times.size()) && rate_at(stages, t + step / 2) > 0)
            times.push_back(t);
        area += static_cast<long double>(rate_at(stages, t + step / 2) * step);
    }
    return times;
}

std::vector<std::vector<stage>> examples() {
    return {
        {hold(2s, 500)},
        {hold(1s, 0.7), hold(10s, 3.3)},
        {linear(4s, 0, 300)},
        {linear(4s, 300, 0)},
        {linear(3s, 50, 200), hold(1s, 200), linear(2s, 200, 10)},
        {staircase(4s, 100, 400, 4)},
        {staircase(3s, 300, 10, 7)},
        {hold(1s, 10), hold(1s, 0), linear(2s, 0, 33.3), hold(500ms, 41)},
    };
}

TEST(schedule, times_are_those_of_brute_force_integration) {
    constexpr double step = 1e-5;
    for (const auto& stages : examples()) {
        const schedule s(stages);
        const auto wanted = brute_force(stages, step);
        ASSERT_NEAR(static_cast<double>(s.size()), static_cast<double>(wanted.size()), 1.0);
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(s.size(), wanted.size()); ++i) {
            const auto got = std::chrono::duration<double>(s.time_of(i)).count();
            // Where the rate is r, an error of the integration moves an arrival by that error divided by r.
            const auto rate = std::max(rate_at(stages, got), 0.05);
            ASSERT_NEAR(got, wanted[i], 2 * step + 1e-4 / rate) << i;
        }
    }
}

TEST(schedule, arrivals_before_a_time_are_those_with_an_earlier_time) {
    std::mt19937_64 random(1);
    for (const auto& stages : examples()) {
        const schedule s(stages);
        std::vector<nanoseconds> probes{-1ns, 0ns, 1ns, s.duration() - 1ns, s.duration(), s.duration() + 1ns};
        for (const auto& part : s.segments())
            probes.insert(probes.end(), {part.start, part.start + 1ns, part.end, part.end + 1ns});
        for (int i = 0; i < 200; ++i) {
            probes.emplace_back(random() % static_cast<std::uint64_t>(s.duration().count()));
            probes.push_back(s.time_of(random() % s.size()));
        }
        for (const auto t : probes) {
            std::uint64_t wanted = 0;
            while (wanted < s.size() && s.time_of(wanted) < t)
                ++wanted;
            ASSERT_EQ(s.arrivals_before(t), wanted) << t.count();
        }
    }
}

TEST(schedule, times_never_decrease_and_stay_inside_their_segment) {
    for (const auto& stages : examples()) {
        const schedule s(stages);
        for (std::uint64_t i = 0; i < s.size(); ++i) {
            const auto& part = s.segments()[s.segment_of(i)];
            ASSERT_GE(s.time_of(i), part.start);
            ASSERT_LE(s.time_of(i), part.end);
            ASSERT_GE(s.time_of(i), s.time_of(i == 0 ? 0 : i - 1));
        }
    }
}

TEST(schedule, a_whole_rate_gives_its_exact_count_and_even_spacing) {
    const schedule s(std::vector{hold(10s, 2000)});
    EXPECT_EQ(s.size(), 20'000u);
    EXPECT_EQ(s.time_of(0), 0ns);
    EXPECT_EQ(s.time_of(1), 500us);
    EXPECT_EQ(s.time_of(19'999), 9'999'500us);
    EXPECT_EQ(s.arrivals_before(1s), 2000u);
    EXPECT_EQ(s.arrivals_before(1s + 1ns), 2001u);
    // A product that is whole but for rounding is whole.
    EXPECT_EQ(schedule(std::vector{hold(10s, 0.1)}).size(), 1u);
    EXPECT_EQ(schedule(std::vector{hold(30s, 1.1)}).size(), 33u);
    EXPECT_EQ(schedule(std::vector{hold(100ms, 30)}).size(), 3u);
}

TEST(schedule, a_fraction_is_carried_over_stage_borders) {
    // 0.5 + 0.5 + 0.5 + 0.5: arrivals 0 and 1, the second when the area reaches 1, at 2 s.
    const schedule s(std::vector{hold(1s, 0.5), hold(1s, 0.5), hold(1s, 0.5), hold(1s, 0.5)});
    ASSERT_EQ(s.size(), 2u);
    EXPECT_EQ(s.time_of(1), 2s);
    EXPECT_EQ(s.segment_of(1), 2u);
}

TEST(schedule, a_staircase_is_equal_holds_from_first_to_last_rate) {
    const schedule s(std::vector{staircase(9s, 100, 300, 3)});
    ASSERT_EQ(s.segments().size(), 3u);
    EXPECT_EQ(s.segments()[1].kind, segment_kind::step);
    EXPECT_EQ(s.segments()[1].start, 3s);
    EXPECT_EQ(s.segments()[1].from_rps, 200);
    EXPECT_EQ(s.segments()[2].from_rps, 300);
    EXPECT_EQ(s.segments()[2].end, 9s);
    EXPECT_EQ(s.segments()[2].first_arrival, 900u);
    EXPECT_EQ(s.size(), 1800u);
    EXPECT_EQ(schedule(std::vector{staircase(1s, 3, 5, 3)}).duration(),
              1s); // a third of a second is no whole ns
}

TEST(schedule, long_and_fast_stays_exact) {
    const schedule s(std::vector{hold(std::chrono::hours(24), 1e6)});
    EXPECT_EQ(s.size(), 86'400'000'000u);
    EXPECT_EQ(s.time_of(s.size() - 1), std::chrono::hours(24) - 1us);
    EXPECT_EQ(s.arrivals_before(std::chrono::hours(12)), 43'200'000'000u);
}

TEST(schedule, refuses_to_last_longer_than_a_clock_counts) {
    EXPECT_EQ(schedule(std::vector{hold(24h * 36'525, 0.001)}).size(), 3'155'760u);
    EXPECT_THROW(schedule(std::vector{hold(24h * 36'525, 1), hold(1ns, 1)}), std::invalid_argument);
    EXPECT_THROW(schedule(std::vector{hold(2'500'000h, 1), hold(2'500'000h, 1)}), std::invalid_argument);
}

TEST(schedule, refuses_to_be_empty) {
    EXPECT_THROW(schedule(std::vector<stage>{}), std::invalid_argument);
    EXPECT_THROW(schedule(std::vector{hold(1s, 0)}), std::invalid_argument);
}

TEST(stripe, the_union_of_all_stripes_is_the_schedule) {
    for (const auto& stages : examples()) {
        const schedule s(stages);
        for (const std::uint64_t width : {1u, 2u, 3u, 7u}) {
            std::vector<int> seen(s.size());
            for (std::uint64_t index = 0; index < width; ++index) {
                std::uint64_t taken = 0;
                for (stripe share(s, index, width); !share.done(); share.advance()) {
                    ASSERT_EQ(share.count_below(share.arrival()), taken++);
                    ASSERT_EQ(share.time(), s.time_of(share.arrival()));
                    ASSERT_EQ(share.segment_index(), s.segment_of(share.arrival()));
                    ++seen[share.arrival()];
                }
                ASSERT_EQ(stripe(s, index, width).count_below(s.size()), taken);
            }
            ASSERT_EQ(seen, std::vector<int>(s.size(), 1));
        }
    }
}

arrival_options poisson(std::uint64_t seed = 1) {
    return {arrival_kind::poisson, seed};
}

// Long enough for several checkpoints, with empty stages at the start, inside and at the end.
std::vector<std::vector<stage>> poisson_examples() {
    auto all = examples();
    all.insert(all.end(), {{hold(3s, 2000)},
                           {linear(4s, 0, 2000)},
                           {linear(4s, 2000, 0)},
                           {staircase(5s, 0, 3000, 5)},
                           {hold(1s, 0), hold(1s, 1000), hold(2s, 0), linear(1s, 0, 900), linear(2s, 900, 0),
                            hold(1s, 0), staircase(2s, 500, 0, 3), hold(1s, 0)}});
    return all;
}

std::vector<nanoseconds> times_of(const schedule& s) {
    std::vector<nanoseconds> times;
    for (stripe all(s, 0, 1); !all.done(); all.advance())
        times.push_back(all.time());
    return times;
}

std::vector<double> gaps_of(const schedule& s) {
    const auto times = times_of(s);
    std::vector<double> gaps;
    for (std::size_t i = 1; i < times.size(); ++i)
        gaps.push_back(std::chrono::duration<double>(times[i] - times[i - 1]).count());
    return gaps;
}

// The area under the rate up to `t`, from the stages' definition.
double area_before(const std::vector<stage>& stages, nanoseconds t) {
    double area = 0;
    nanoseconds start{};
    for (const auto& s : stages) {
        const auto x = static_cast<double>(std::clamp(t - start, 0ns, s.duration).count()) /
                       static_cast<double>(s.duration.count());
        const auto length = std::chrono::duration<double>(s.duration).count();
        if (s.kind != stage_kind::staircase) {
            area += (s.from_rps * x + (s.to_rps - s.from_rps) * x * x / 2) * length;
        } else {
            for (unsigned step = 0; step < s.steps; ++step)
                area += (s.from_rps + (s.to_rps - s.from_rps) * step / (s.steps - 1)) *
                        std::clamp(x * s.steps - step, 0.0, 1.0) * length / s.steps;
        }
        start += s.duration;
    }
    return area;
}

struct moments {
    double mean = 0;
    double variance = 0;
};

moments moments_of(std::span<const double> values) {
    moments m;
    for (const auto v : values)
        m.mean += v / static_cast<double>(values.size());
    for (const auto v : values)
        m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size() - 1);
    return m;
}

// Kolmogorov's statistic sqrt(n) * D against the exponential distribution of mean 1.
double distance_from_exponential(std::vector<double> values) {
    std::ranges::sort(values);
    const auto n = static_cast<double>(values.size());
    double distance = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto wanted = -std::expm1(-values[i]);
        const auto below = static_cast<double>(i) / n;
        distance = std::max({distance, wanted - below, below + 1 / n - wanted});
    }
    return distance * std::sqrt(n);
}

TEST(schedule, uniform_is_the_default_and_ignores_the_seed) {
    for (const auto& stages : examples()) {
        const schedule plain(stages);
        const schedule seeded(stages, {arrival_kind::uniform, 7});
        EXPECT_EQ(plain.arrivals(), arrival_kind::uniform);
        ASSERT_EQ(times_of(plain), times_of(seeded));
    }
    EXPECT_EQ(name_of(arrival_kind::uniform), "uniform");
    EXPECT_EQ(name_of(arrival_kind::poisson), "poisson");
}

TEST(poisson_schedule, times_never_decrease_and_stay_inside_their_segment) {
    for (const auto& stages : poisson_examples()) {
        const schedule s(stages, poisson());
        nanoseconds last{};
        for (stripe all(s, 0, 1); !all.done(); all.advance()) {
            const auto& part = s.segments()[all.segment_index()];
            ASSERT_GE(all.time(), std::max(part.start, last));
            ASSERT_LE(all.time(), part.end);
            ASSERT_GE(all.arrival(), part.first_arrival);
            ASSERT_LT(all.arrival(), s.end_of(all.segment_index()));
            last = all.time();
        }
    }
    const auto gaps = gaps_of(schedule(std::vector{hold(60s, 100)}, poisson()));
    EXPECT_GT(std::ranges::min(gaps), 0);
}

TEST(poisson_schedule, follows_from_its_seed) {
    const std::vector stages{linear(2s, 100, 3000), hold(1s, 3000)};
    const schedule s(stages, poisson(5));
    EXPECT_EQ(s.arrivals(), arrival_kind::poisson);
    EXPECT_EQ(times_of(s), times_of(schedule(stages, poisson(5))));
    EXPECT_NE(times_of(s), times_of(schedule(stages, poisson(6))));
    EXPECT_NE(s.time_of(0), schedule(stages, poisson(6)).time_of(0));
    // At one request a second a time is a sum of exponentials. Pinned: other machines and versions must
    // agree.
    const schedule slow(std::vector{hold(std::chrono::hours(1), 1)}, poisson());
    EXPECT_EQ(slow.time_of(0), 999'157'488ns);
    EXPECT_EQ(slow.time_of(1), 1'057'248'324ns);
    EXPECT_EQ(slow.time_of(2000), 1'952'895'183'027ns);
}

TEST(poisson_schedule, random_access_agrees_with_the_walk) {
    for (const auto& stages : poisson_examples()) {
        const schedule s(stages, poisson(3));
        for (stripe all(s, 0, 1); !all.done(); all.advance()) {
            ASSERT_EQ(s.time_of(all.arrival()), all.time()) << all.arrival();
            ASSERT_EQ(s.segment_of(all.arrival()), all.segment_index()) << all.arrival();
        }
    }
}

TEST(poisson_schedule, arrivals_before_a_time_are_those_with_an_earlier_time) {
    std::mt19937_64 random(1);
    for (const auto& stages : poisson_examples()) {
        const schedule s(stages, poisson());
        const auto times = times_of(s);
        std::vector<nanoseconds> probes{
            -1ns, 0ns, 1ns, s.duration() - 1ns, s.duration(), s.duration() + 1ns, nanoseconds::max()};
        for (const auto& part : s.segments())
            probes.insert(probes.end(), {part.start, part.start + 1ns, part.end, part.end + 1ns});
        for (int i = 0; i < 200; ++i)
            probes.emplace_back(random() % static_cast<std::uint64_t>(s.duration().count()));
        for (int i = 0; i < 300; ++i) {
            const auto t = times[random() % times.size()];
            probes.insert(probes.end(), {t - 1ns, t, t + 1ns});
        }
        for (const auto t : probes) {
            const auto wanted = std::ranges::lower_bound(times, t) - times.begin();
            ASSERT_EQ(s.arrivals_before(t), static_cast<std::uint64_t>(wanted)) << t.count();
        }
    }
}

// The statistics below are of fixed seeds, so they pass or fail for good: there are no false alarms. The
// tolerances say how far a correct generator could be expected to be from the mark.

TEST(poisson_schedule, counts_of_segments_are_within_5_sigma_of_their_areas) {
    for (const auto& stages : poisson_examples()) {
        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            if (area_before(stages, nanoseconds::max()) < 40)
                continue; // the normal approximation is for more than a few arrivals
            const schedule s(stages, poisson(seed));
            for (std::size_t i = 0; i < s.segments().size(); ++i) {
                const auto& part = s.segments()[i];
                const auto area = area_before(stages, part.end) - area_before(stages, part.start);
                const auto count = static_cast<double>(s.end_of(i) - part.first_arrival);
                ASSERT_NEAR(count, area, 5 * std::sqrt(area)) << "segment " << i << ", seed " << seed;
            }
        }
    }
}

TEST(poisson_schedule, an_empty_segment_has_no_arrival) {
    const schedule s(std::vector{hold(1s, 0), hold(1s, 500), hold(2s, 0), hold(1s, 500), hold(1s, 0)},
                     poisson());
    for (const std::size_t i : {0u, 2u, 4u})
        EXPECT_EQ(s.segments()[i].first_arrival, s.end_of(i)) << i;
    EXPECT_EQ(s.arrivals_before(1s), 0u);
    EXPECT_EQ(s.arrivals_before(2s + 1ns), s.arrivals_before(4s));
    EXPECT_EQ(s.arrivals_before(5s + 1ns), s.size());
}

TEST(poisson_schedule, gaps_of_a_hold_are_exponential_and_independent) {
    auto gaps = gaps_of(schedule(std::vector{hold(200s, 500)}, poisson()));
    for (auto& gap : gaps)
        gap *= 500;
    const auto [mean, variance] = moments_of(gaps);
    // One sigma of each of these is 1 / sqrt(n), for the exponential distribution of mean 1.
    const auto sigma = 1 / std::sqrt(static_cast<double>(gaps.size()));
    EXPECT_NEAR(mean, 1, 4 * sigma);
    EXPECT_NEAR(std::sqrt(variance) / mean, 1, 4 * sigma);
    for (const std::size_t lag : {1u, 2u, 3u, 64u}) {
        double covariance = 0;
        for (std::size_t i = lag; i < gaps.size(); ++i)
            covariance += (gaps[i] - mean) * (gaps[i - lag] - mean);
        EXPECT_NEAR(covariance / variance / static_cast<double>(gaps.size()), 0, 4 * sigma) << lag;
    }
    EXPECT_LT(distance_from_exponential(gaps), 1.95); // above it with probability 0.001
}

// The time-rescaling theorem: the areas between arrivals are exponential whatever the rate does.
TEST(poisson_schedule, areas_between_arrivals_are_exponential_under_any_rate) {
    for (const auto& stages : poisson_examples()) {
        const auto times = times_of(schedule(stages, poisson(2)));
        std::vector<double> gaps;
        double last = 0;
        for (const auto t : times) {
            const auto area = area_before(stages, t);
            gaps.push_back(area - last);
            last = area;
        }
        EXPECT_LT(distance_from_exponential(gaps), 1.95) << gaps.size(); // as above, each
    }
}

TEST(poisson_schedule, counts_in_windows_have_the_dispersion_1) {
    const schedule s(std::vector{hold(200s, 500)}, poisson());
    for (const nanoseconds window : {1ms, 20ms, 500ms}) {
        std::vector<double> counts(static_cast<std::size_t>(s.duration() / window));
        for (const auto t : times_of(s))
            ++counts.at(static_cast<std::size_t>(t / window));
        const auto [mean, variance] = moments_of(counts);
        const auto sigma = std::sqrt(2 / static_cast<double>(counts.size()));
        EXPECT_NEAR(variance / mean, 1, 4 * sigma) << window.count();
    }
}

TEST(poisson_schedule, neighbouring_seeds_are_unrelated) {
    std::vector<double> counts;
    for (std::uint64_t seed = 0; seed < 10'000; ++seed)
        counts.push_back(static_cast<double>(schedule(std::vector{hold(1s, 30)}, poisson(seed)).size()));
    const auto [mean, variance] = moments_of(counts);
    EXPECT_NEAR(mean, 30, 4 * std::sqrt(30.0 / 10'000));
    EXPECT_NEAR(variance / mean, 1, 4 * std::sqrt(2.0 / 10'000));
    double covariance = 0;
    for (std::size_t i = 1; i < counts.size(); ++i)
        covariance += (counts[i] - mean) * (counts[i - 1] - mean);
    EXPECT_NEAR(covariance / variance / 10'000, 0, 4 / std::sqrt(10'000.0));
}

TEST(poisson_schedule, is_refused_when_it_holds_no_arrival) {
    const auto refusal = [](const std::vector<stage>& stages) {
        try {
            return std::to_string(schedule(stages, poisson()).size()) + " arrivals";
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
    };
    const auto first = schedule(std::vector{hold(60s, 1)}, poisson()).time_of(0);
    EXPECT_EQ(refusal({hold(first + 100ns, 1)}), "1 arrivals");
    EXPECT_NE(refusal({hold(first - 100ns, 1)}).find("the first poisson arrival of seed 1 is due when"),
              std::string::npos);
    EXPECT_NE(refusal({hold(60s, 0)}).find("give a rate above 0"), std::string::npos);
    EXPECT_NE(refusal({}).find("give a rate above 0"), std::string::npos);
    EXPECT_NE(refusal({hold(std::chrono::hours(240), 1e6)}).find("above the limit of 1e+11"),
              std::string::npos);
}

TEST(stripe, the_union_of_all_stripes_is_the_poisson_schedule) {
    for (const auto& stages : poisson_examples()) {
        const schedule s(stages, poisson(9));
        const auto times = times_of(s);
        for (const std::uint64_t width : {1u, 2u, 3u, 7u, 600u}) {
            std::vector<int> seen(s.size());
            for (std::uint64_t index = 0; index < width; ++index) {
                std::uint64_t taken = 0;
                for (stripe share(s, index, width); !share.done(); share.advance()) {
                    ASSERT_EQ(share.count_below(share.arrival()), taken++);
                    ASSERT_EQ(share.time(), times[share.arrival()]);
                    ASSERT_EQ(share.segment_index(), s.segment_of(share.arrival()));
                    ++seen[share.arrival()];
                }
                ASSERT_EQ(stripe(s, index, width).count_below(s.size()), taken);
            }
            ASSERT_EQ(seen, std::vector<int>(s.size(), 1));
        }
    }
}

TEST(stripe, shards_with_different_numbers_of_threads_share_the_schedule) {
    static_assert(stripe_of(0, 1, 2, 4) == stripe_place{2, 4});
    static_assert(stripe_of(2, 3, 1, 4) == stripe_place{5, 12});
    const std::vector<std::uint64_t> threads{1, 4, 3};
    for (const auto& options : {arrival_options{}, poisson()}) {
        // Each shard makes its own schedule.
        const std::vector stages{linear(1s, 0, 1000), hold(1s, 1000)};
        const auto wanted = times_of(schedule(stages, options));
        std::vector<std::vector<nanoseconds>> seen(wanted.size());
        for (std::uint64_t shard = 0; shard < threads.size(); ++shard) {
            const schedule s(stages, options);
            for (std::uint64_t thread = 0; thread < threads[shard]; ++thread) {
                const auto [index, of] = stripe_of(shard, threads.size(), thread, threads[shard]);
                for (stripe share(s, index, of); !share.done(); share.advance()) {
                    ASSERT_EQ(share.arrival() % threads.size(), shard);
                    seen[share.arrival()].push_back(share.time());
                }
            }
        }
        for (std::size_t i = 0; i < wanted.size(); ++i)
            ASSERT_EQ(seen[i], std::vector{wanted[i]}) << i;
    }
}

} // namespace
} // namespace beastmark::loadgen
