// How connections are made and how long they are used, by whole runs in this process. Counts are exact, times
// have wide tolerances.
#include "fault_server.hpp"
#include "loadgen/run.hpp"
#include "plain_http2_server.hpp"
#include "tests/support/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::fault_server;
using testing::reply;
using testing::request_seen;

// 40 requests in 200 ms.
run_options options_for(const std::string& url) {
    run_options o;
    o.targets = {parse_target(url)};
    o.stages = {{stage_kind::hold, 200ms, 200, 200, 1}};
    o.connections = 4;
    o.timeout = 20s; // not because the machine is slow
    return o;
}

const tally& counts_of(const run_record& record) {
    const auto& counts = record.targets.front().total().counts;
    EXPECT_EQ(counts.settled(), counts.offered);
    return counts;
}

reply at_once(const request_seen& /*unused*/) {
    return {{answer()}};
}

std::map<std::uint64_t, int> requests_by_connection(const fault_server& server) {
    std::map<std::uint64_t, int> all;
    for (const auto& r : server.requests())
        ++all[r.connection];
    return all;
}

TEST(requests_per_connection, end_it_and_the_next_goes_out_on_a_new_one) {
    fault_server server(at_once);
    auto options = options_for(server.url());
    options.rules.requests = 5;
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    const auto carried = requests_by_connection(server);
    EXPECT_GE(carried.size(), 8u);
    for (const auto& [connection, requests] : carried)
        EXPECT_LE(requests, 5) << connection;
    const auto unfinished =
        std::count_if(carried.begin(), carried.end(), [](const auto& c) { return c.second < 5; });
    EXPECT_LE(unfinished, 4) << "those that were up at the end";
}

TEST(requests_per_connection, are_counted_over_the_streams_of_http2) {
    testing::plain_http2_server server;
    auto options = options_for(server.url());
    options.http2 = true;
    options.connections = 2;
    options.streams = 4;
    options.rules.requests = 3;
    EXPECT_EQ(counts_of(run(make_plan(options), {}, {})).of(outcome::ok), 40u);
    ASSERT_TRUE(testing::wait_until([&] { return server.requests().size() >= 15; }));
    std::uint64_t all = 0;
    for (const auto requests : server.requests()) {
        EXPECT_LE(requests, 3u);
        all += requests;
    }
    EXPECT_EQ(all, 40u);
}

} // namespace
} // namespace beastmark::loadgen
