#include "loadgen/address_findings.hpp"
#include "loadgen/address_output.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a test says of an address: 2000 answers of a millisecond unless it says otherwise.
struct address_like {
    std::string address;
    std::uint64_t ok = 2000;
    std::chrono::nanoseconds time = 1ms;
    std::uint64_t resets = 0;
    std::uint64_t opened = 10;
    std::uint64_t refused = 0;
    std::uint64_t tail = 0; // of `ok`: ten times as long
};

address_tallies all_of(const std::vector<address_like>& all) {
    address_tallies tallies;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& a = all[i];
        auto& t = tallies.at(i, {boost::asio::ip::make_address(a.address), 80});
        t.opened = a.opened;
        t.outcomes[static_cast<std::size_t>(outcome::ok)] = a.ok;
        t.outcomes[static_cast<std::size_t>(outcome::reset)] = a.resets;
        t.response.record_n(a.time, a.ok - a.tail);
        t.response.record_n(a.time * 10, a.tail);
        if (a.refused > 0)
            t.not_opened = {{phase::connect, boost::asio::error::connection_refused, a.refused}};
    }
    return tallies;
}

std::vector<std::string> findings(const std::vector<address_like>& all) {
    const auto tallies = all_of(all);
    std::vector<std::string> texts;
    for (const auto& f : judge_addresses(tallies).findings) {
        EXPECT_EQ(f.text.find(f.address + ' '), 0U) << f.text;
        texts.push_back(std::string(f.kind) + ": " + f.text.substr(f.address.size() + 1));
    }
    return texts;
}

TEST(address_findings, of_addresses_that_did_alike_there_are_none) {
    EXPECT_THAT(findings({{"10.0.0.1"}, {"10.0.0.2", 2100, 1100us}, {"10.0.0.3", 1900}}), IsEmpty());
    const auto all = all_of({{"10.0.0.1", 3000}, {"10.0.0.2", 1500, 1500us}, {"10.0.0.3", 1500}});
    const auto judged = judge_addresses(all);
    EXPECT_DOUBLE_EQ(*judged.share_of_fair, 1.5);
    EXPECT_NEAR(*judged.p99_of_median, 1.5, 0.01);
}

TEST(address_findings, one_that_refuses_is_dead_and_says_why) {
    EXPECT_THAT(
        findings({{"10.0.0.1"}, {"10.0.0.2"}, {.address = "10.0.0.3", .ok = 0, .opened = 0, .refused = 21}}),
        ElementsAre("dead: is dead: none of 21 attempts to connect succeeded (Connection refused)"));
}

TEST(address_findings, one_that_nothing_went_to_is_unused) {
    EXPECT_THAT(
        findings({{.address = "10.0.0.1", .opened = 1},
                  {.address = "10.0.0.2", .opened = 1},
                  {.address = "10.0.0.3", .ok = 0, .opened = 0}}),
        ElementsAre("unused: is unused: no connection went there; 2 for 3 addresses are too few (-c)"));
}

TEST(address_findings, one_of_a_higher_p99_or_median_is_slow) {
    EXPECT_THAT(findings({{"10.0.0.1"}, {.address = "10.0.0.2", .tail = 100}, {"10.0.0.3"}}),
                ElementsAre("slow: is slow: its p99 is 10.0 ms, the median address's 1.00 ms (10 times)"));
    EXPECT_THAT(findings({{"10.0.0.1", 200}, {"10.0.0.2", 200, 4ms}}),
                ElementsAre("slow: is slow: its p50 is 4.00 ms, the median address's 1.00 ms (4 times)"));
    EXPECT_THAT(findings({{"10.0.0.1", 50}, {"10.0.0.2", 50, 4ms}}), IsEmpty()) << "may be chance";
}

TEST(address_findings, one_where_requests_fail_that_end_well_elsewhere_is_failing) {
    EXPECT_THAT(findings({{"10.0.0.1"}, {.address = "10.0.0.2", .ok = 1900, .resets = 100}}),
                ElementsAre("failing: fails: 5 % of its 2000 requests (reset 100), elsewhere 0 %"));
    EXPECT_THAT(findings({{.address = "10.0.0.1", .resets = 100}, {.address = "10.0.0.2", .resets = 120}}),
                IsEmpty())
        << "all of them do";
    EXPECT_THAT(findings({{"10.0.0.1"}, {.address = "10.0.0.2", .opened = 10, .refused = 10}}),
                ElementsAre("failing: fails: 10 of 20 attempts to connect failed (Connection refused)"));
}

TEST(address_findings, one_that_gives_far_more_answers_is_busy_unless_others_explain_it) {
    EXPECT_THAT(findings({{"10.0.0.1", 8000}, {"10.0.0.2"}, {"10.0.0.3"}}),
                ElementsAre("busy: is busy: it gave 66.7 % of the answers, 2 times an equal share"));
    EXPECT_THAT(findings({{"10.0.0.1", 4000},
                          {"10.0.0.2", 4000},
                          {.address = "10.0.0.3", .ok = 0, .opened = 0, .refused = 1},
                          {.address = "10.0.0.4", .ok = 0, .opened = 0, .refused = 1}}),
                ElementsAre(HasSubstr("dead"), HasSubstr("dead")));
}

TEST(address_findings, a_family_that_the_service_does_not_offer_is_no_dead_address) {
    const auto localhost = all_of({{"127.0.0.1"}, {.address = "::1", .ok = 0, .opened = 0, .refused = 5}});
    const auto judged = judge_addresses(localhost);
    EXPECT_EQ(judged.addresses.size(), 2U);
    EXPECT_THAT(judged.findings, IsEmpty());
    EXPECT_FALSE(judged.share_of_fair);
    EXPECT_EQ(addresses_text(localhost), "");
    EXPECT_EQ(addresses_json(localhost)["list"].size(), 2U);
}

TEST(address_output, is_a_table_and_a_sentence_for_each_that_stands_out) {
    const auto all = all_of({{"10.0.0.1"}, {"10.0.0.2", 2000, 30ms}, {"10.0.0.3"}});
    EXPECT_EQ(
        addresses_text(all),
        "  address                 answered    share        p50        p90        p99      p99.9        max\n"
        "  10.0.0.1:80                 2000  33.33 %    1.00 ms    1.00 ms    1.00 ms    1.00 ms    1.00 ms\n"
        "  10.0.0.2:80                 2000  33.33 %    30.0 ms    30.0 ms    30.0 ms    30.0 ms    30.0 ms\n"
        "  10.0.0.3:80                 2000  33.33 %    1.00 ms    1.00 ms    1.00 ms    1.00 ms    1.00 ms\n"
        "  ! 10.0.0.2:80 is slow: its p99 is 30.0 ms, the median address's 1.00 ms (30 times)\n");
    const auto told = addresses_json(all);
    EXPECT_EQ(told["list"][1]["address"], "10.0.0.2:80");
    EXPECT_EQ(told["list"][1]["response"]["p99_us"], 30'000);
    EXPECT_EQ(told["list"][1]["outcomes"], nlohmann::json({{"ok", 2000}}));
    EXPECT_EQ(told["findings"][0]["kind"], "slow");
    EXPECT_TRUE(addresses_json(all_of({{"10.0.0.1"}})).is_null());
    EXPECT_EQ(addresses_text(all_of({{"10.0.0.1"}})), "");
}

} // namespace
} // namespace beastmark::loadgen
