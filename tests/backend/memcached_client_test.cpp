// The memcached client against a real server, read back with libmemcached as an independent client.
#include "ingest/memcached/client.hpp"
#include "tests/loopback/scripted_names.hpp"
#include "tests/support/driver_loop.hpp"
#include "tests/support/memcached_server.hpp"

#include <gtest/gtest.h>
#include <libmemcached/memcached.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace {

using namespace beastmark::testing;
using namespace beastmark::memcached;
using boost::system::error_code;

struct entry : counted<set_request> {
    entry(std::string key_text, std::string value_text)
        : key_bytes(std::move(key_text)), value_bytes(std::move(value_text)) {
        key = key_bytes;
        value = value_bytes;
        ttl_s = 20;
    }

    std::string key_bytes;
    std::string value_bytes;
};

class memcached_client : public ::testing::Test {
protected:
    memcached_client() {
        options.port = server.port();
        options.timeout = 3 * patience; // no deadline where none is tested, however slow the machine
    }

    void start() {
        tested.emplace(loop.events(), options, metrics);
        loop.on_tick([this](auto now) { tested->tick(now); });
        tested->start();
    }

    void start_and_wait() {
        start();
        ASSERT_TRUE(loop.run_until([&] { return tested->ready(); }));
    }

    entry& set(std::string key, std::string value) {
        auto& r = sent.emplace_back(std::move(key), std::move(value));
        tested->set(r);
        return r;
    }

    bool run_until_done() {
        return loop.run_until(
            [&] { return std::ranges::all_of(sent, [](auto& r) { return r.completions > 0; }); });
    }

    // nullopt: not there
    std::optional<std::string> stored(const std::string& key) {
        const std::unique_ptr<memcached_st, decltype(&memcached_free)> peer(memcached_create(nullptr),
                                                                            &memcached_free);
        memcached_server_add(peer.get(), "127.0.0.1", server.port());
        std::size_t size = 0;
        std::uint32_t flags = 0;
        memcached_return_t result{};
        const std::unique_ptr<char, decltype(&std::free)> value(
            memcached_get(peer.get(), key.data(), key.size(), &size, &flags, &result), &std::free);
        if (result != MEMCACHED_SUCCESS)
            return std::nullopt;
        return std::string(value.get(), size);
    }

    void expect_one_completion_each() {
        for (const auto& r : sent)
            EXPECT_EQ(r.completions, 1) << r.key;
    }

    // Tries until one is stored: on a slow machine the short deadlines of a test may strike once more.
    void expect_working_again(const std::string& key) {
        const auto is_stored = [&] {
            if (!loop.run_until([&] { return tested->ready(); }))
                return false;
            auto& r = set(key, "again");
            return loop.run_until([&] { return r.completions > 0; }) && !r.error && stored(key) == "again";
        };
        EXPECT_TRUE(wait_until(is_stored));
    }

    memcached_server server;
    driver_loop loop;
    client_options options;
    client_metrics metrics;
    std::deque<entry> sent;
    std::optional<client> tested;
};

TEST_F(memcached_client, stores_what_it_is_given) {
    start_and_wait();
    for (int i = 0; i < 1000; ++i)
        set("key-" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'v'));
    EXPECT_EQ(metrics.used.value(), 1);
    ASSERT_TRUE(run_until_done());
    for (const auto& r : sent) {
        ASSERT_EQ(r.error, error_code());
        ASSERT_EQ(stored(r.key_bytes), r.value_bytes);
    }
    EXPECT_EQ(metrics.duration[0].count(), 1000);
    EXPECT_EQ(metrics.idle.value(), 1);
    expect_one_completion_each();
}

TEST_F(memcached_client, an_item_expires_after_its_time) {
    start_and_wait();
    auto& r = sent.emplace_back("short", "lived");
    r.ttl_s = 1;
    tested->set(r);
    set("long", "lived");
    ASSERT_TRUE(run_until_done());
    EXPECT_TRUE(wait_until([&] { return !stored("short"); }));
    EXPECT_EQ(stored("long"), "lived");
}

TEST_F(memcached_client, a_refused_item_leaves_its_neighbours_unharmed) {
    start_and_wait();
    set("before", "1");
    auto& large = set("large", std::string(2'000'000, 'v'));
    set("after", "2");
    auto& ill_named = set("no key", "3");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(large.error, errc::refused);
    EXPECT_EQ(ill_named.error, errc::refused);
    EXPECT_EQ(stored("before"), "1");
    EXPECT_EQ(stored("after"), "2");
    EXPECT_EQ(metrics.reconnects.value(), 0);
    expect_one_completion_each();
}

TEST_F(memcached_client, is_unavailable_while_the_server_is_away_and_back_with_it) {
    start_and_wait();
    for (int round = 1; round <= 2; ++round) {
        server.stop();
        ASSERT_TRUE(loop.run_until([&] { return !tested->ready(); }));
        EXPECT_EQ(set("away", "1").error, errc::unavailable);
        EXPECT_EQ(metrics.connecting.value(), 1);
        loop.run_for(500ms); // let it back off
        server.start();
        EXPECT_TRUE(loop.run_until([&] { return tested->ready(); }, 20s)); // idle: within 2 s
        expect_working_again("back");
        EXPECT_EQ(metrics.reconnects.value(), static_cast<std::uint64_t>(round));
    }
    expect_one_completion_each();
}

TEST_F(memcached_client, starts_without_a_server_and_serves_when_it_comes) {
    server.stop();
    start();
    loop.run_for(300ms);
    EXPECT_FALSE(tested->ready());
    server.start();
    expect_working_again("first");
    EXPECT_EQ(metrics.reconnects.value(), 0);
}

TEST_F(memcached_client, looks_a_name_up) {
    scripted_names names;
    names.add("cache.test", {"127.0.0.1"});
    options.host = "cache.test";
    start();
    expect_working_again("named");
}

TEST_F(memcached_client, a_name_that_does_not_resolve_is_tried_again) {
    scripted_names names;
    names.add("none.test", {});
    options.host = "none.test";
    options.first_retry = 1ms;
    start();
    EXPECT_TRUE(loop.run_until([&] { return names.asked() >= 3; }));
    EXPECT_FALSE(tested->ready());
    EXPECT_EQ(set("a", "1").error, errc::unavailable);
    tested->stop();
}

TEST_F(memcached_client, a_hung_server_times_out_and_its_late_replies_are_dropped) {
    options.timeout = 200ms;
    options.hard_limit = 60s; // the link is kept
    start_and_wait();
    server.freeze();
    for (int i = 0; i < 10; ++i)
        set("late-" + std::to_string(i), "1");
    ASSERT_TRUE(run_until_done());
    for (const auto& r : sent)
        EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_FALSE(tested->ready());
    EXPECT_EQ(set("refused", "1").error, errc::unavailable);
    server.thaw();
    expect_working_again("on-time");
    EXPECT_EQ(stored("late-9"), "1");
    EXPECT_EQ(metrics.reconnects.value(), 0);
    expect_one_completion_each();
}

TEST_F(memcached_client, a_server_hung_beyond_the_hard_limit_is_not_taken_for_one_that_is_back) {
    options.timeout = 100ms;
    options.hard_limit = 300ms;
    options.connect_timeout = 300ms;
    start_and_wait();
    server.freeze();
    auto& r = set("a", "1");
    ASSERT_TRUE(loop.run_until([&] { return metrics.connecting.value() == 1; }));
    EXPECT_EQ(r.error, errc::timed_out);
    // Its kernel accepts the new connection at once; ready it is not.
    EXPECT_FALSE(loop.run_until([&] { return tested->ready(); }, 1s));
    server.thaw();
    expect_working_again("b");
    EXPECT_EQ(metrics.reconnects.value(), 1);
    expect_one_completion_each();
}

TEST_F(memcached_client, bounds_the_sets_that_wait) {
    options.max_pending = 3;
    start_and_wait();
    for (int i = 0; i < 4; ++i)
        set("k" + std::to_string(i), "1");
    EXPECT_EQ(sent[3].error, errc::overloaded);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(sent[2].error, error_code());
    EXPECT_EQ(stored("k3"), std::nullopt);
    expect_one_completion_each();
}

TEST_F(memcached_client, stop_fails_what_is_left_and_does_not_come_back) {
    start_and_wait();
    server.freeze();
    set("sent", "1");
    loop.run_for(50ms);
    set("unsent", "1");
    tested->stop();
    EXPECT_EQ(sent[0].error, errc::lost);
    EXPECT_EQ(sent[1].error, errc::unavailable);
    server.thaw();
    EXPECT_FALSE(loop.run_until([&] { return tested->ready(); }, 300ms));
    EXPECT_EQ(set("late", "1").error, errc::unavailable);
    expect_one_completion_each();
}

} // namespace
