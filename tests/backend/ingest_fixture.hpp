// One ingest with a PostgreSQL and a memcached of its own, which a test may stop, freeze or break.
#pragma once

#include "tests/backend/ingest_load.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace beastmark::testing {

/// Patience for a backend's return. Idle it takes well under 2 s; a loaded machine must not fail a test.
inline constexpr std::chrono::milliseconds soon = 20s;

inline finished_process init_schema(const postgres_cluster& postgres) {
    return run({.arguments = {built_program("ingest"), "--init-schema", "--postgres",
                              postgres.connection_string()}});
}

class ingest_fixture : public ::testing::Test {
protected:
    /// The table, then the service.
    void start(std::vector<std::string> arguments = {}) {
        const auto finished = init_schema(postgres);
        ASSERT_EQ(finished.status, (exit_status{0, 0})) << finished.err;
        start_service(std::move(arguments));
    }

    void start_service(std::vector<std::string> arguments = {}, bool wait_until_ready = true) {
        arguments.insert(arguments.end(),
                         {"--postgres", postgres.connection_string(), "--memcached", memcached.address()});
        ingest.emplace(service_options{
            .program = "ingest", .arguments = std::move(arguments), .wait_until_ready = wait_until_ready});
    }

    http_response post(const std::string& firmware = "2.1.5") const {
        const nlohmann::json device{{"mac", "EF-2B-C4-F5-D6-34"}, {"firmware", firmware}};
        return fetch(ingest->port(), "POST", "/api/devices", device.dump());
    }

    /// As many clients as firmwares, all before any is answered. The statuses in their order.
    std::vector<int> post_together(const std::vector<std::string>& firmwares) const {
        std::vector<http_client> clients;
        for (const auto& firmware : firmwares) {
            const nlohmann::json device{{"mac", "EF-2B-C4-F5-D6-34"}, {"firmware", firmware}};
            clients.emplace_back(ingest->port()).send(request("POST", "/api/devices", device.dump()));
        }
        std::vector<int> statuses;
        for (auto& client : clients)
            statuses.push_back(client.receive().status);
        return statuses;
    }

    double metric(const std::string& name, const metric_labels& labels = {}) const {
        return metrics::scrape(ingest->admin_port()).sum(name, labels).value_or(-1);
    }

    /// 201 <= rows <= 201 + unknown outcomes; every uuid told is there, none twice; no other status.
    void expect_truthful(const load_account& account) {
        const auto stored = static_cast<std::int64_t>(account.uuids.size());
        const auto unknown = account.count(504) + account.unanswered;
        EXPECT_GE(rows(), stored);
        EXPECT_LE(rows(), stored + unknown);
        EXPECT_EQ(postgres.count("(SELECT DISTINCT uuid FROM device) AS one"), rows());
        std::string list = "''";
        for (const auto& uuid : account.uuids)
            list += ",'" + uuid + "'";
        EXPECT_EQ(postgres.count("device WHERE uuid::text IN (" + list + ")"), stored) << "a 201 was a lie";
        for (const auto& [status, times] : account.statuses)
            EXPECT_THAT(status, ::testing::AnyOf(201, 503, 504)) << times << " times";
        EXPECT_EQ(account.without_retry_after, 0);
        EXPECT_EQ(account.unanswered, 0) << "the service has no reason to drop a connection";
    }

    std::int64_t rows() { return postgres.count("device"); }

    postgres_cluster postgres;
    memcached_server memcached;
    std::optional<service> ingest; // stops before what it needs
};

} // namespace beastmark::testing
