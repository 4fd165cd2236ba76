#include "loadgen/request_series.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

std::uint64_t count_of(const request_series_list& list, const std::vector<std::uint64_t>& counts,
                       outcome what, const std::string& code) {
    const auto series = list.series();
    const auto at = std::find_if(series.begin(), series.end(),
                                 [&](const request_series& s) { return s.what == what && s.code == code; });
    if (at == series.end()) {
        ADD_FAILURE() << "no series " << outcome_names[static_cast<std::size_t>(what)] << " " << code;
        return 0;
    }
    return counts[static_cast<std::size_t>(at - series.begin())];
}

TEST(request_series_list, every_request_that_ended_is_in_exactly_one_series) {
    const request_series_list list(std::nullopt, false);
    tally t;
    for (unsigned status = 0; status < tally::status_count; ++status) {
        t.statuses[status] = status + 1;
        const auto what = classify(status, std::nullopt);
        t.good_statuses[status] = what == outcome::ok ? status + 1 : 0;
        t.add(what, status + 1);
    }
    for (const auto what : {outcome::timeout, outcome::connect_error, outcome::reset, outcome::protocol_error,
                            outcome::skipped, outcome::unfinished})
        t.add(what, 7);
    std::vector<std::uint64_t> counts(list.series().size());
    list.add(t, counts);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), t.settled());
    for (std::size_t i = 0; i < outcome_count; ++i) {
        std::uint64_t sum = 0;
        for (std::size_t k = 0; k < counts.size(); ++k)
            sum += static_cast<std::size_t>(list.series()[k].what) == i ? counts[k] : 0;
        EXPECT_EQ(sum, t.outcomes[i]) << outcome_names[i];
    }
    std::set<std::pair<outcome, std::string>> distinct;
    for (const auto& s : list.series())
        EXPECT_TRUE(distinct.insert({s.what, s.code}).second) << s.code;
}

TEST(request_series_list, a_status_that_nobody_registered_makes_no_series) {
    const request_series_list list(std::nullopt, false);
    tally t;
    t.statuses[200] = t.good_statuses[200] = 3;
    t.statuses[299] = t.good_statuses[299] = 1;
    t.statuses[404] = 2;
    t.statuses[520] = 4;
    t.statuses[599] = 1;
    t.statuses[999] = 5;
    t.add(outcome::reset, 6);
    std::vector<std::uint64_t> counts(list.series().size());
    list.add(t, counts);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "200"), 3U);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "other"), 1U);
    EXPECT_EQ(count_of(list, counts, outcome::http_4xx, "404"), 2U);
    EXPECT_EQ(count_of(list, counts, outcome::http_5xx, "other"), 5U);
    EXPECT_EQ(count_of(list, counts, outcome::unexpected, "other"), 5U);
    EXPECT_EQ(count_of(list, counts, outcome::reset, ""), 6U);
}

TEST(request_series_list, the_expected_status_is_ok_and_other_good_ones_are_not) {
    const request_series_list list(404, false);
    tally t;
    t.statuses[404] = t.good_statuses[404] = 2;
    t.statuses[200] = 3;
    std::vector<std::uint64_t> counts(list.series().size());
    list.add(t, counts);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "404"), 2U);
    EXPECT_EQ(count_of(list, counts, outcome::unexpected, "200"), 3U);
}

TEST(request_series_list, a_good_status_with_the_wrong_body_is_unexpected) {
    const request_series_list list(std::nullopt, true);
    tally t;
    t.statuses[200] = 5;
    t.good_statuses[200] = 3;
    t.wrong_bodies[200] = 2;
    t.statuses[503] = 1;
    std::vector<std::uint64_t> counts(list.series().size());
    list.add(t, counts);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "200"), 3U);
    EXPECT_EQ(count_of(list, counts, outcome::unexpected, "200"), 2U);
    EXPECT_EQ(count_of(list, counts, outcome::http_5xx, "503"), 1U);
}

TEST(request_series_list, a_status_that_one_of_several_requests_expects_is_ok_for_that_one) {
    const std::vector<std::optional<unsigned>> expected{std::nullopt, 404};
    const request_series_list list(expected, true);
    tally t;
    t.statuses[404] = 5;
    t.good_statuses[404] = 2;
    t.statuses[200] = 9;
    t.good_statuses[200] = 4;
    t.wrong_bodies[200] = 1;
    std::vector<std::uint64_t> counts(list.series().size());
    list.add(t, counts);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "404"), 2U);
    EXPECT_EQ(count_of(list, counts, outcome::http_4xx, "404"), 3U);
    EXPECT_EQ(count_of(list, counts, outcome::ok, "200"), 4U);
    EXPECT_EQ(count_of(list, counts, outcome::unexpected, "200"), 5U);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), 14U);
}

} // namespace
} // namespace beastmark::loadgen
