// One deadline for a request: waiting, insert and cache set together. What the client is told says what is
// known of the row.

#include "tests/backend/ingest_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <thread>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

class ingest_deadline : public ingest_fixture {
protected:
    static std::string device(const std::string& firmware) {
        return nlohmann::json{{"mac", "EF-2B-C4-F5-D6-34"}, {"firmware", firmware}}.dump();
    }

    std::int64_t rows_of(const std::string& firmware) {
        return postgres.count("device WHERE firmware = '" + firmware + "'");
    }

    /// In the server, and waiting there for the table.
    bool blocked() {
        return postgres.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                              "'beastmark-ingest' AND wait_event_type = 'Lock'") != "0";
    }
};

} // namespace

TEST_F(ingest_deadline, what_was_sent_is_504_and_what_was_not_is_503) {
    start({"--pool", "1", "--pool-depth", "1", "--threads", "1", "--request-timeout", "2s"});
    ASSERT_EQ(post().status, 201);
    // Until it is ended: it outlasts the server's own limit for the insert.
    std::thread holder([&] {
        EXPECT_THROW(postgres.query("BEGIN; LOCK TABLE device; SELECT pg_sleep(60)"), std::runtime_error);
    });
    EXPECT_TRUE(wait_until([&] {
        return postgres.value(
                   "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0";
    }));
    http_client first(ingest->port());
    first.send(request("POST", "/api/devices", device("sent")));
    EXPECT_TRUE(wait_until([&] { return blocked(); }));
    http_client second(ingest->port());
    second.send(request("POST", "/api/devices", device("queued")));
    const auto sent = first.receive();
    EXPECT_EQ(sent.status, 504) << sent.body;
    EXPECT_THAT(sent.body, HasSubstr("may be stored"));
    const auto queued = second.receive();
    EXPECT_EQ(queued.status, 503) << queued.body;
    EXPECT_THAT(queued.body, HasSubstr("not stored"));
    EXPECT_TRUE(queued.header("Retry-After"));
    postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' "
                   "AND pid <> pg_backend_pid()");
    holder.join();
    EXPECT_TRUE(wait_until([&] { return post().status == 201; })) << ingest->log();
    EXPECT_LE(rows_of("sent"), 1) << "sent twice";
    EXPECT_EQ(rows_of("queued"), 0) << "it was told that it is not stored";
}

// The cache's own limit alone would keep the client beyond all patience.
TEST_F(ingest_deadline, what_is_left_of_it_bounds_the_cache_set) {
    start({"--request-timeout", "1s", "--cache-timeout", "10m"});
    ASSERT_EQ(post().header("X-Cache"), "stored");
    memcached.freeze();
    const auto response = post("committed");
    memcached.thaw();
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(response.header("X-Cache"), "failed");
    EXPECT_EQ(rows_of("committed"), 1);
    EXPECT_TRUE(wait_until([&] { return post().header("X-Cache") == "stored"; })) << ingest->log();
}

} // namespace beastmark::testing
