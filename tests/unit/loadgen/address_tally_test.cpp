#include "loadgen/address_choice.hpp"
#include "loadgen/address_tally.hpp"
#include "loadgen/dispatcher.hpp"
#include "loadgen/recorder.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

const boost::system::error_code refused = boost::asio::error::connection_refused;

tcp::endpoint at(const std::string& address) {
    return {boost::asio::ip::make_address(address), 80};
}

const std::vector<tcp::endpoint> three{at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")};

schedule holding(run_time duration, double rate) {
    return schedule(std::vector<stage>{{stage_kind::hold, duration, rate, rate, 1}});
}

TEST(address_choice, every_address_is_tried_once_and_the_own_one_first) {
    for (std::size_t count = 1; count < 6; ++count)
        for (std::uint64_t number = 0; number < 30; ++number) {
            const auto home = number % count;
            std::set<std::size_t> tried;
            for (std::size_t attempt = 0; attempt < count; ++attempt)
                tried.insert(address_to_try(home, attempt, number, count));
            EXPECT_EQ(address_to_try(home, 0, number, count), home);
            EXPECT_EQ(tried.size(), count) << number;
        }
}

TEST(address_choice, the_connections_of_a_dead_address_spread_over_the_others) {
    std::vector<int> second(4);
    for (std::uint64_t number = 0; number < 120; ++number)
        if (number % 4 == 1)
            ++second[address_to_try(1, 1, number, 4)];
    EXPECT_EQ(second, (std::vector<int>{10, 0, 10, 10}));
}

TEST(address_tallies, are_merged_by_address_wherever_each_is) {
    address_tallies one;
    one.at(0, three[2]).opened = 1;
    one.at(3, three[0]).opened = 2;
    address_tallies other;
    other.at(0, three[0]).opened = 10;
    other.at(1, three[1]).response.record(1ms);
    other.at(1, three[1]).not_opened = {{phase::connect, refused, 4}};
    one.merge(other);
    const auto all = one.in_order();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0]->where, three[0]);
    EXPECT_EQ(all[0]->opened, 12U);
    EXPECT_EQ(all[1]->response.count(), 1U);
    EXPECT_EQ(all[1]->attempts_failed(), 4U);
    EXPECT_EQ(all[2]->opened, 1U);
}

TEST(address_tallies, that_were_reset_are_those_of_nobody) {
    address_tallies all;
    auto& first = all.at(0, three[0]);
    first.opened = 1;
    first.outcomes[0] = 2;
    first.not_opened = {{phase::connect, refused, 4}};
    first.response.record(1s);
    all.reset();
    EXPECT_TRUE(all.empty());
    const auto& next = all.at(0, three[1]);
    EXPECT_EQ(all.in_order().front()->where, three[1]);
    EXPECT_EQ(next.opened + next.outcomes[0] + next.attempts_failed() + next.response.count(), 0U);
}

// What a dispatcher counted, by address.
address_tallies counted(dispatcher& d) {
    address_tallies all;
    const auto i = d.roll(run_time::max(), std::make_unique<interval>());
    for (std::size_t k = 0; k < i->size(); ++k)
        all.merge((*i)[k].addresses);
    return all;
}

TEST(dispatcher_addresses, each_has_what_became_of_its_own_requests) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 4, .timeout = 1s, .expected_status = {}, .addresses = three});
    d.connection_up(0, 0ms, 0);
    d.connection_up(1, 0ms, 1);
    d.connection_up(2, 0ms, 0);
    d.connection_up(3, 0ms, 0);
    d.address_failed(2, phase::connect, refused);
    for (const auto t : {0ms, 100ms, 200ms, 300ms})
        ASSERT_TRUE(d.next(t));
    d.answered(0, 350ms, 200, true);
    d.answered(1, 400ms, 503, true);
    d.failed(2, 410ms, outcome::reset, phase::read, refused);
    ASSERT_TRUE(d.next(400ms));     // on connection 0
    ASSERT_TRUE(d.next(500ms));     // on connection 1
    ASSERT_TRUE(d.expired(1300ms)); // connection 3
    d.cut(1350ms);
    const auto all = counted(d);
    const auto each = all.in_order();
    ASSERT_EQ(each.size(), 3U);
    const auto& [first, second, third] = std::tie(*each[0], *each[1], *each[2]);
    EXPECT_EQ(first.opened, 3U);
    EXPECT_EQ(first.of(outcome::ok), 1U);
    EXPECT_EQ(first.of(outcome::reset), 1U);
    EXPECT_EQ(first.of(outcome::timeout), 1U);
    EXPECT_EQ(first.of(outcome::unfinished), 1U);
    EXPECT_EQ(first.response.count(), 2U) << "the timeout, too";
    EXPECT_EQ(first.response.min(), 350ms);
    EXPECT_EQ(first.response.max(), 1000ms);
    EXPECT_EQ(second.answered(), 1U);
    EXPECT_EQ(second.of(outcome::http_5xx), 1U);
    EXPECT_EQ(second.response.count(), 0U) << "a fast failure flatters no percentile";
    EXPECT_EQ(third.opened, 0U) << "is there though nothing went to it";
    EXPECT_EQ(third.attempts_failed(), 1U);
}

TEST(dispatcher_addresses, of_a_single_one_nothing_is_kept) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 1s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 1ms, 200, true);
    EXPECT_TRUE(counted(d).empty());
}

TEST(target_record_addresses, the_warm_up_counts_for_connections_only) {
    const schedule two(
        std::vector<stage>{{stage_kind::hold, 1s, 10, 10, 1}, {stage_kind::hold, 1s, 10, 10, 1}});
    target_record record(two, 1, 1s);
    for (std::size_t row = 0; row < 2; ++row) {
        report_block b;
        b.row = row;
        b.ends = std::chrono::seconds(row + 1);
        b.counts = std::make_unique<interval>();
        auto& there = b.counts->of(row).addresses.at(0, three[0]);
        there.opened = 1;
        there.outcomes[0] = 10;
        there.response.record_n(1ms, 10);
        record.take(b);
    }
    const auto all = record.addresses().in_order();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]->opened, 2U);
    EXPECT_EQ(all[0]->of(outcome::ok), 10U);
    EXPECT_EQ(all[0]->response.count(), 10U);
}

} // namespace
} // namespace beastmark::loadgen
