// A PostgreSQL pool on a loop of its own, against a real server with the table of the contract.
#pragma once

#include "ingest/postgres/pool.hpp"
#include "tests/support/driver_loop.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <boost/system/error_code.hpp>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace beastmark::testing {

using namespace beastmark::postgres;
using boost::system::error_code;

inline constexpr const char* insert_device =
    "insert into device (uuid, mac, firmware, created_at, updated_at) "
    "values ($1, $2, $3, $4, $4) returning id";

inline constexpr const char* insert_devices =
    "insert into device (uuid, mac, firmware, created_at, updated_at) select u, m, f, t, t "
    "from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as r(u, m, f, t) returning id, uuid";

struct insert : counted<request> {
    explicit insert(int n, std::string mac_text = "00-00-00-00-00-00") : mac(std::move(mac_text)) {
        std::array<char, 37> text{};
        std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012d", n);
        uuid = text.data();
        values = {uuid.c_str(), mac.c_str(), "1.0", "2024-05-28T15:21:51.137Z"};
        key = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80};
        for (std::size_t i = 0, digits = uuid.size(); i < 6; ++i, digits -= 2)
            key[key.size() - 1 - i] =
                static_cast<std::uint8_t>(std::stoi(uuid.substr(digits - 2, 2), nullptr, 16));
        time = std::chrono::sys_days(std::chrono::year(2024) / 5 / 28) + 15h + 21min + 51s + 137ms;
    }

    std::string uuid;
    std::string mac;
};

// Holds the table so that inserts reach the server and stay there.
class table_lock {
public:
    explicit table_lock(const postgres_cluster& cluster)
        : pg_(PQconnectdb(cluster.connection_string().c_str())) {
        PQclear(PQexec(pg_, "begin"));
        PQclear(PQexec(pg_, "lock table device in access exclusive mode"));
    }

    ~table_lock() { PQfinish(pg_); }

    table_lock(const table_lock&) = delete;
    table_lock& operator=(const table_lock&) = delete;

private:
    PGconn* pg_;
};

class postgres_pool : public ::testing::Test {
protected:
    explicit postgres_pool(postgres_options server = {}) : cluster(std::move(server)) {
        cluster.query(
            "create table device (id bigint generated always as identity primary key, uuid uuid not null "
            "unique, mac text not null, firmware text not null, created_at timestamptz not null, "
            "updated_at timestamptz not null)");
        options.conninfo = cluster.connection_string();
        options.statement = insert_device;
        options.connections = 3;
        options.depth = 2;
        options.timeout = 3 * patience; // no deadline where none is tested, however slow the machine
    }

    void start() {
        tested.emplace(loop.events(), options, metrics);
        loop.on_tick([this](auto now) { tested->tick(now); });
        tested->start();
    }

    void start_and_wait() {
        start();
        ASSERT_TRUE(loop.run_until([&] { return all_connected(); }));
    }

    bool all_connected() const { return metrics.idle.value() + metrics.used.value() == connections(); }

    std::int64_t connections() const { return static_cast<std::int64_t>(options.connections); }

    insert& submit(int n, std::string mac = "00-00-00-00-00-00") {
        auto& r = sent.emplace_back(n, std::move(mac));
        tested->submit(r);
        return r;
    }

    bool run_until_done() {
        return loop.run_until(
            [&] { return std::ranges::all_of(sent, [](auto& r) { return r.completions > 0; }); });
    }

    // What the server has got and cannot go on with.
    bool wait_for_blocked(int n) {
        return loop.run_until([&] {
            return cluster.value(
                       "select count(*) from pg_stat_activity where application_name = 'beastmark-ingest' "
                       "and wait_event_type = 'Lock'") == std::to_string(n);
        });
    }

    std::string rows_of(const insert& r) {
        return cluster.value("select count(*) from device where uuid = '" + r.uuid + "'");
    }

    void expect_one_completion_each() {
        for (const auto& r : sent)
            EXPECT_EQ(r.completions, 1) << r.uuid;
    }

    // Tries until one is stored: on a slow machine the short deadlines of a test may strike once more.
    void expect_working_again() {
        const auto stored = [&] {
            if (!loop.run_until([&] { return tested->ready(); }))
                return false;
            auto& r = submit(next_number_++);
            return loop.run_until([&] { return r.completions > 0; }) && !r.error && rows_of(r) == "1";
        };
        EXPECT_TRUE(wait_until(stored));
    }

    postgres_cluster cluster;
    driver_loop loop;
    pool_options options;
    pool_metrics metrics;
    std::deque<insert> sent;
    std::optional<pool> tested;

private:
    int next_number_ = 1000;
};

} // namespace beastmark::testing
