// No allocation per request in the drivers' steady state; libpq's own go through malloc and are not counted.
#include "ingest/memcached/client.hpp"
#include "ingest/postgres/pool.hpp"
#include "tests/support/counted_allocations.hpp"
#include "tests/support/driver_loop.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <gtest/gtest.h>

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

TEST(drivers, allocate_nothing_per_request) {
    postgres_cluster cluster;
    memcached_server server;
    cluster.query("create table t (id bigint generated always as identity, a text, b text, c text, d text)");
    driver_loop loop;
    postgres::pool_metrics pool_metrics;
    memcached::client_metrics client_metrics;
    postgres::pool_options pool_options;
    pool_options.conninfo = cluster.connection_string();
    pool_options.statement = "insert into t (a, b, c, d) values ($1, $2, $3, $4) returning id";
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
    for (auto& s : sessions) {
        s.pool = &pool;
        s.cache = &cache;
        s.finished = &finished;
        s.failed = &failed;
        s.values = {"a", "b", "c", "d"};
        s.key = "key";
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
}

} // namespace
