#include "loadgen/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
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

} // namespace
} // namespace beastmark::loadgen
