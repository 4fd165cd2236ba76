// The figures of each request of a target with several.
#include "loadgen/dispatcher.hpp"
#include "loadgen/recorder.hpp"
#include "loadgen/request_output.hpp"
#include "loadgen/request_set.hpp"
#include "loadgen/request_tally.hpp"

#include <boost/asio/error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const auto refused = boost::system::error_code(boost::asio::error::connection_refused);

// Arrivals take turns; the second one wants a 404.
request_set two() {
    const auto where = url::parse("http://h/");
    std::vector<request_set::named> several;
    several.push_back({"even", 1, {"GET", where, {}, body_template()}, {}});
    several.push_back({"odd", 1, {"GET", where, {}, body_template()}, 404});
    return {std::move(several), 1};
}

schedule holding(std::chrono::nanoseconds length, double rate) {
    return schedule(std::vector<stage>{{stage_kind::hold, length, rate, rate, 1}});
}

struct counted {
    request_tallies requests;
    tally sum;
};

counted counted_by(dispatcher& d) {
    counted all;
    const auto i = d.roll(run_time::max(), std::make_unique<interval>());
    for (std::size_t k = 0; k < i->size(); ++k) {
        all.requests.merge((*i)[k].requests);
        all.sum.merge((*i)[k].counts);
    }
    return all;
}

TEST(dispatcher_requests, every_arrival_is_counted_for_its_request_whatever_becomes_of_it) {
    const auto set = two();
    const auto s = holding(1s, 100);
    dispatcher d(
        s,
        {.connections = 3, .timeout = 200ms, .expected_status = {}, .skip_after = 300ms, .requests = &set});
    for (std::uint32_t id = 0; id < 3; ++id)
        d.connection_up(id, 0ms);
    ASSERT_TRUE(d.next(0ms));
    ASSERT_TRUE(d.next(10ms));
    ASSERT_TRUE(d.next(20ms));
    d.answered(0, 30ms, 200, false);
    d.failed(1, 40ms, outcome::reset, phase::read, refused);
    ASSERT_TRUE(d.expired(220ms));
    d.connect_failed(refused);
    EXPECT_FALSE(d.next(250ms)); // those due by then fail
    d.connection_up(0, 700ms);
    ASSERT_TRUE(d.next(700ms)); // others are too late by then
    d.cut(1s);
    const auto seen = counted_by(d);
    ASSERT_EQ(seen.requests.all().size(), 2u);
    for (std::size_t k = 0; k < outcome_count; ++k)
        EXPECT_EQ(seen.requests.all()[0].outcomes[k] + seen.requests.all()[1].outcomes[k],
                  seen.sum.outcomes[k])
            << outcome_names[k];
    EXPECT_GT(seen.sum.of(outcome::connect_error), 0u);
    EXPECT_GT(seen.sum.of(outcome::skipped), 0u);
    EXPECT_GT(seen.sum.of(outcome::unfinished), 0u);
    EXPECT_EQ(seen.requests.all()[0].sent + seen.requests.all()[1].sent, seen.sum.sent);
    std::array<std::uint64_t, 2> due{};
    for (std::uint64_t i = 0; i < 100; ++i)
        ++due[set.index_of(i)];
    EXPECT_EQ(seen.requests.all()[0].settled(), due[0]);
    EXPECT_EQ(seen.requests.all()[1].settled(), due[1]);
}

TEST(dispatcher_requests, each_has_its_own_idea_of_ok) {
    const auto set = two();
    const auto s = holding(1s, 100);
    dispatcher d(s, {.connections = 1, .timeout = 5s, .expected_status = {}, .requests = &set});
    d.connection_up(0, 0ms);
    std::array<std::uint64_t, 2> due{};
    for (std::uint64_t i = 0; i < 100; ++i) {
        const auto t = 10ms * static_cast<int>(i);
        const auto order = d.next(t);
        ASSERT_TRUE(order);
        const auto which = set.index_of(order->arrival);
        ++due[which];
        d.answered(0, t + (which == 0 ? 1ms : 2ms), i % 2 == 0 ? 200 : 404, true);
    }
    const auto seen = counted_by(d);
    const auto& even = seen.requests.all()[0];
    const auto& odd = seen.requests.all()[1];
    EXPECT_GT(even.of(outcome::ok), 0u);
    EXPECT_EQ(even.of(outcome::ok) + even.of(outcome::http_4xx), due[0]);
    EXPECT_EQ(odd.of(outcome::ok) + odd.of(outcome::unexpected), due[1]);
    EXPECT_EQ(even.response.max(), 1ms) << "its own times";
    EXPECT_EQ(odd.response.min(), 2ms);
    EXPECT_EQ(odd.response.count(), odd.of(outcome::ok));
    EXPECT_EQ(seen.sum.good_statuses[404], odd.of(outcome::ok));
    EXPECT_EQ(seen.sum.good_statuses[200], even.of(outcome::ok));
}

TEST(dispatcher_requests, of_a_single_one_nothing_is_kept) {
    const auto s = holding(1s, 10);
    dispatcher d(s, {.connections = 1, .timeout = 1s, .expected_status = {}});
    d.connection_up(0, 0ms);
    ASSERT_TRUE(d.next(0ms));
    d.answered(0, 1ms, 200, true);
    EXPECT_TRUE(counted_by(d).requests.empty());
}

TEST(target_record_requests, leave_the_warm_up_out) {
    const schedule stages(
        std::vector<stage>{{stage_kind::hold, 1s, 10, 10, 1}, {stage_kind::hold, 1s, 10, 10, 1}});
    target_record record(stages, 1, 1s);
    for (std::size_t row = 0; row < 2; ++row) {
        report_block b;
        b.row = row;
        b.ends = std::chrono::seconds(row + 1);
        b.counts = std::make_unique<interval>();
        b.counts->of(row).requests.at(1, 2).sent = 10 + row;
        b.last = row == 1;
        record.take(b);
    }
    ASSERT_EQ(record.requests().all().size(), 2u);
    EXPECT_EQ(record.requests().all()[1].sent, 11u);
}

TEST(request_tallies, what_is_reset_is_used_again_from_nothing) {
    request_tallies t;
    t.at(0, 2).sent = 3;
    t.at(1, 2).response.record(5ms);
    t.reset();
    EXPECT_TRUE(t.empty());
    EXPECT_EQ(t.at(0, 2).sent, 0u);
    EXPECT_EQ(t.at(1, 2).response.count(), 0u);
}

TEST(request_output, tells_each_by_name) {
    const auto set = two();
    request_tallies t;
    auto& odd = t.at(1, 2);
    odd.sent = 3;
    odd.outcomes[static_cast<std::size_t>(outcome::ok)] = 3;
    odd.outcomes[static_cast<std::size_t>(outcome::connect_error)] = 1;
    odd.response.record_n(2ms, 3);
    const auto told = requests_json(set, t);
    EXPECT_EQ(told[0]["name"], "even");
    EXPECT_EQ(told[0]["offered"], 0);
    EXPECT_EQ(told[0]["response"]["p99_us"], nullptr);
    EXPECT_EQ(told[1]["offered"], 4);
    EXPECT_EQ(told[1]["sent"], 3);
    EXPECT_EQ(told[1]["outcomes"], (nlohmann::json{{"ok", 3}, {"connect_error", 1}}));
    EXPECT_EQ(told[1]["response"]["count"], 3);
    const auto text = requests_text(set, t);
    EXPECT_THAT(text, HasSubstr("  odd                            4  75.00 %"));
    EXPECT_THAT(text, HasSubstr("2.00 ms"));
    EXPECT_EQ(requests_text(request_template("GET", url::parse("http://h/"), {}, body_template()), {}), "");
    EXPECT_EQ(requests_json(set, {}).size(), 2u) << "also when nothing was counted";
}

} // namespace
} // namespace beastmark::loadgen
