// What a 201 promises, when something stands in its way. (What it promises else:
// tests/contract/stored_test.cpp)

#include "tests/backend/ingest_fixture.hpp"

#include <gmock/gmock.h>

#include <string>

namespace beastmark::testing {

namespace {

using json = nlohmann::json;

class ingest_stored : public ingest_fixture {
protected:
    std::string memcached_says(const std::string& command) const {
        http_client link(memcached.port());
        link.send(command + "\r\n");
        return link.receive_some(patience);
    }
};

} // namespace

TEST_F(ingest_stored, time_zone_of_the_server_does_not_matter) {
    postgres.query("ALTER DATABASE postgres SET timezone = 'Asia/Kathmandu'");
    start();
    const auto device = json::parse(post().body);
    EXPECT_EQ(
        postgres.value("SELECT created_at = '" + device["created_at"].get<std::string>() +
                       "'::timestamptz AND abs(extract(epoch from now() - created_at)) < 60 FROM device"),
        "t");
}

TEST_F(ingest_stored, without_memcached_the_answer_is_still_201) {
    start();
    memcached.stop();
    for (int i = 0; i < 20; ++i) {
        const auto response = post();
        ASSERT_EQ(response.status, 201) << response.body;
        EXPECT_EQ(response.header("X-Cache"), "failed");
    }
    EXPECT_EQ(rows(), 20);
    EXPECT_TRUE(ingest->ready()) << "a cache is no reason not to serve";
    EXPECT_EQ(metric("db_client_operation_duration_seconds_count", {{"db_operation_name", "set"}}), 20);

    memcached.start();
    EXPECT_TRUE(wait_until([&] { return post().header("X-Cache") == "stored"; })) << ingest->log();
}

TEST_F(ingest_stored, memcached_away_at_start_is_found_when_it_comes) {
    memcached.stop();
    start();
    EXPECT_EQ(post().header("X-Cache"), "failed");
    memcached.start();
    EXPECT_TRUE(wait_until([&] { return post().header("X-Cache") == "stored"; })) << ingest->log();
}

TEST_F(ingest_stored, a_silent_memcached_costs_the_cache_timeout_at_most) {
    start({"--cache-timeout", "500ms"});
    EXPECT_TRUE(wait_until([&] {
        return post().header("X-Cache") == "stored";
    })); // it may be ready before its link to memcached
    const auto before = rows();
    memcached.freeze();
    for (int i = 0; i < 3; ++i) {
        const auto response = post();
        ASSERT_EQ(response.status, 201) << response.body;
        EXPECT_EQ(response.header("X-Cache"), "failed");
    }
    memcached.thaw();
    EXPECT_EQ(rows(), before + 3);
    EXPECT_TRUE(wait_until([&] { return post().header("X-Cache") == "stored"; })) << ingest->log();
}

TEST_F(ingest_stored, a_full_memcached_is_told_or_evicts) {
    start({"--cache-timeout", "5s"});
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(post(std::string(64, 'x')).header("X-Cache"), "stored");
}

// PostgreSQL reports the INSERT complete, and the COMMIT fails: a 201 at the first would be a lie.
TEST_F(ingest_stored, a_commit_that_fails_is_500_and_leaves_nothing) {
    start();
    postgres.query("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$");
    postgres.query("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON device DEFERRABLE INITIALLY DEFERRED "
                   "FOR EACH ROW WHEN (NEW.firmware = 'refused') EXECUTE FUNCTION refuse()");
    for (int i = 0; i < 10; ++i) {
        const auto response = post("refused");
        EXPECT_EQ(response.status, 500) << response.body;
        EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
        EXPECT_THAT(response.body, ::testing::Not(::testing::HasSubstr("P0001")));
        EXPECT_FALSE(response.header("X-Cache"));
    }
    EXPECT_THAT(ingest->log(), ::testing::HasSubstr("SQLSTATE P0001"));
    EXPECT_EQ(rows(), 0);
    EXPECT_THAT(memcached_says("stats"), ::testing::HasSubstr("STAT cmd_set 0\r\n"));
    EXPECT_EQ(post("fine").status, 201);
    EXPECT_EQ(rows(), 1);
}

TEST_F(ingest_stored, a_refused_row_harms_only_itself) {
    start({"--pool", "1", "--threads", "1"});
    postgres.query("ALTER TABLE device ADD CHECK (firmware <> 'refused')");
    http_client client(ingest->port());
    std::string all;
    for (int i = 0; i < 60; ++i)
        all += request("POST", "/api/devices",
                       std::string(R"({"mac":"EF-2B-C4-F5-D6-34","firmware":")") +
                           (i % 3 == 1 ? "refused" : "fine") + "\"}");
    client.send(all);
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(client.receive().status, i % 3 == 1 ? 500 : 201) << i;
    EXPECT_EQ(rows(), 40);
}

TEST_F(ingest_stored, synchronous_commit_is_left_on) {
    start();
    ASSERT_EQ(post().status, 201);
    postgres.query("CREATE TABLE seen(setting text)");
    postgres.query(
        "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$");
    postgres.query("CREATE TRIGGER look BEFORE INSERT ON device FOR EACH ROW EXECUTE FUNCTION look()");
    ASSERT_EQ(post().status, 201);
    EXPECT_EQ(postgres.query("SELECT DISTINCT setting FROM seen"), (postgres_rows{{"on"}}));
}

TEST_F(ingest_stored, pool_is_the_number_of_connections_to_postgresql) {
    start({"--pool", "3", "--threads", "2"});
    ASSERT_EQ(post().status, 201);
    EXPECT_TRUE(wait_until([&] {
        return postgres.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                              "AND pid <> pg_backend_pid()") == "3";
    })) << postgres.value("SELECT count(*) FROM pg_stat_activity");
}

} // namespace beastmark::testing
