// A request costs no allocation: counted over a whole run, on the load's threads alone.
#include "fault_server.hpp"
#include "loadgen/run.hpp"
#include "tests/support/counted_allocations.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::at_once;
using testing::fault_server;
using testing::reply;
using testing::request_seen;

enum class counted_by { nothing, address, request };

struct allocated {
    std::uint64_t blocks = 0;
    std::chrono::duration<double> in{};
};

// With a second address, or a second request, the figures of each are counted, too.
allocated allocations_of(std::uint64_t requests, counted_by kind) {
    fault_server server(at_once);
    run_options options;
    options.targets = {parse_target(server.url())};
    const auto rate = static_cast<double>(requests);
    options.stages = {{stage_kind::hold, 1s, rate, rate, 1}};
    options.method = "POST";
    options.body = R"({"mac":"{{mac}}","n":{{seq}}})";
    options.connections = 8;
    options.timeout = 20s;
    if (kind == counted_by::request)
        options.requests = parse_requests(R"([{"path": "/a{{seq}}", "headers": {"X": "{{uuid}}"}},
                                              {"path": "/b", "weight": 3, "body": "{{mac}}"}])",
                                          "r.json");
    auto what = make_plan(options);
    auto& endpoints = what.targets.front().endpoints;
    if (kind == counted_by::address) // which refuses
        endpoints.emplace_back(boost::asio::ip::make_address("127.0.0.2"), server.port());
    const auto before = testing::allocations_of_load_threads();
    const auto record = run(std::move(what), {}, {});
    const auto used = testing::allocations_of_load_threads() - before;
    EXPECT_EQ(record.targets.front().total().counts.of(outcome::ok), requests);
    return {used, record.last_event};
}

void expect_none_a_request(counted_by kind) {
    const auto few = allocations_of(100, kind);
    const auto many = allocations_of(2100, kind);
    EXPECT_GT(few.blocks, 0u); // the counting works
    // A hundred times a second a thread tells what it has seen, also while it waits for the last answers.
    const auto longer = std::max(0.0, (many.in - few.in).count());
    EXPECT_LT(static_cast<double>(many.blocks), static_cast<double>(few.blocks) + 100 + 110 * longer)
        << few.blocks << " for 100 requests in " << few.in.count() << " s, " << many.blocks << " for 2100 in "
        << many.in.count() << " s";
}

TEST(loadgen_allocation, a_request_costs_none) {
    expect_none_a_request(counted_by::nothing);
}

TEST(loadgen_allocation, nor_does_one_that_is_counted_by_address) {
    expect_none_a_request(counted_by::address);
}

TEST(loadgen_allocation, nor_does_one_of_several_requests) {
    expect_none_a_request(counted_by::request);
}

} // namespace
} // namespace beastmark::loadgen
