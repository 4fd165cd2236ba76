// No allocation per request in the drivers' steady state; libpq's own go through malloc and are not counted.
#include "ingest/memcached/client.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "ingest/postgres/pool.hpp"
#include "tests/support/counted_allocations.hpp"
#include "tests/support/driver_loop.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <string>

namespace {

using namespace beastmark::testing;
namespace postgres = beastmark::postgres;
namespace memcached = beastmark::memcached;
using boost::system::error_code;

// Both as a session does it: an insert, then a set, then the next request.
struct session : postgres::request, memcached::set_request {
    postgres::pool* pool = nullptr;
    memcached::client* cache = nullptr;
    std::size_t* finished = nullptr;
    std::size_t* failed = nullptr;
    bool stopping = false;

    void next() { pool->submit(*this); }
};

void cached(memcached::set_request& set, error_code error) noexcept {
    auto& self = static_cast<session&>(set);
    ++*self.finished;
    *self.failed += error ? 1 : 0;
    if (!self.stopping)
        self.next();
}

void inserted(postgres::request& insert, error_code error) noexcept {
    auto& self = static_cast<session&>(insert);
    *self.failed += error ? 1 : 0;
    self.cache->set(self);
}

// @param group_statement empty: one statement a row.
void expect_no_allocation_per_request(const std::string& group_statement) {
    postgres_cluster cluster;
    memcached_server server;
    cluster.query(
        "create table t (id bigint generated always as identity, a uuid, b text, c text, d timestamptz)");
    driver_loop loop;
    postgres::pool_metrics pool_metrics;
    memcached::client_metrics client_metrics;
    postgres::pool_options pool_options;
    pool_options.conninfo = cluster.connection_string();
    pool_options.statement = "insert into t (a, b, c, d) values ($1, $2, $3, $4) returning id";
    pool_options.group_statement = group_statement;
    pool_options.group_rows = 5; // less than wait at times
    pool_options.connections = 2;
    pool_options.timeout = 3 * patience;
    memcached::client_options client_options;
    client_options.port = server.port();
    client_options.timeout = 3 * patience;
    postgres::pool pool(loop.events(), pool_options, pool_metrics);
    memcached::client cache(loop.events(), client_options, client_metrics);
    pool.start();
    cache.start();
    ASSERT_TRUE(loop.run_until([&] { return pool_metrics.idle.value() == 2 && cache.ready(); }));

    std::size_t finished = 0;
    std::size_t failed = 0;
    std::deque<session> sessions(20); // more than the connections take: some wait in the queue
    int number = 0;
    for (auto& s : sessions) {
        s.pool = &pool;
        s.cache = &cache;
        s.finished = &finished;
        s.failed = &failed;
        s.values = {"6fa459ea-ee8a-4ca4-894e-db77e160355e", "b", "c", "2024-05-28T15:21:51.137Z"};
        s.postgres::request::key[0] = static_cast<std::uint8_t>(number++);
        s.memcached::set_request::key = "key";
        s.value = "a value as long as a device's answer, or nearly so";
        s.postgres::request::done = inserted;
        s.memcached::set_request::done = cached;
        s.next();
    }
    ASSERT_TRUE(loop.run_until([&] { return finished >= 500; })); // buffers have grown, blocks are recycled
    const auto before = allocations();
    EXPECT_GT(before, 0U); // the counting works
    ASSERT_TRUE(loop.run_until([&] { return finished >= 2500; }));
    EXPECT_EQ(allocations() - before, 0);
    EXPECT_EQ(failed, 0);
    for (auto& s : sessions)
        s.stopping = true;
    const auto all = finished + sessions.size();
    EXPECT_TRUE(loop.run_until([&] { return finished == all; }));
    EXPECT_EQ(pool_metrics.group_rows.count() > 0, !group_statement.empty());
}

// Of a deep pipeline each place has its turn, and only one statement is in flight at a time.
TEST(drivers, have_memory_for_the_rows_in_flight_and_not_for_each_place_of_a_pipeline) {
    constexpr std::size_t depth = 100;
    const auto before = allocations();
    postgres::pipeline pipeline(depth);
    EXPECT_LE(allocations() - before, 2) << "for rows that nobody has sent";
    std::deque<postgres::request> rows(64);
    std::uint64_t first_took = 0;
    for (std::size_t turn = 0; turn < 2 * depth; ++turn) {
        postgres::request_list list;
        for (auto& row : rows)
            list.push_back(row);
        const auto before_this = allocations();
        pipeline.sent(list, {});
        list.clear();
        ASSERT_TRUE(pipeline.rows_end() && pipeline.sync());
        postgres::pipeline::completion decided;
        while (pipeline.next(decided)) {
        }
        const auto took = allocations() - before_this;
        if (turn == 0)
            first_took = took;
        else
            ASSERT_EQ(took, 0) << "in turn " << turn;
    }
    EXPECT_GT(first_took, 0) << "counting works";
}

TEST(drivers, allocate_nothing_per_request) {
    expect_no_allocation_per_request("");
}

TEST(drivers, allocate_nothing_per_request_where_rows_make_one_statement) {
    expect_no_allocation_per_request(
        "insert into t (a, b, c, d) select * from unnest($1::uuid[], $2::text[], "
        "$3::text[], $4::timestamptz[]) returning id, a");
}

} // namespace
