// What a target with POST answers, and what is stored, when PostgreSQL or memcached is away, silent or says
// no (docs/design.md, "Commit semantics"). Each test leaves both as it found them.

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace beastmark::testing {

namespace {

constexpr const char* client_sessions = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid "
                                        "<> pg_backend_pid()";

class service_backends : public ::testing::Test {
protected:
    void SetUp() override {
        if (!posts())
            GTEST_SKIP() << "the target has no POST";
        running.emplace(options_under_test());
    }

    /// The backends are there again for whoever comes next, however the test ended.
    void TearDown() override {
        if (!posts())
            return;
        running.reset(); // it must end well whatever it was put through
        if (memcached_away)
            the_backends().memcached.start();
        if (postgres_away)
            the_backends().postgres.start();
        the_backends().postgres.thaw();
        if (refusing)
            the_backends().postgres.query("DROP TRIGGER refuse ON device");
    }

    void take_memcached(bool away) {
        if (away)
            the_backends().memcached.stop();
        else
            the_backends().memcached.start();
        memcached_away = away;
    }

    void take_postgres(bool away) {
        if (away)
            the_backends().postgres.stop();
        else
            the_backends().postgres.start();
        postgres_away = away;
    }

    http_response post(const std::string& firmware = "2.1.5") const {
        const nlohmann::json device{{"mac", "EF-2B-C4-F5-D6-34"}, {"firmware", firmware}};
        return fetch(running->port(), "POST", "/api/devices", device.dump());
    }

    static std::int64_t rows(const std::string& firmware) {
        return the_backends().postgres.count("device WHERE firmware = '" + firmware + "'");
    }

    bool serves_again() {
        return wait_until([&] { return post().status == 201 && running->ready(); }, 60s);
    }

    void expect_unavailable() const {
        const auto response = post();
        EXPECT_EQ(response.status, 503) << response.body;
        EXPECT_TRUE(response.header("Retry-After"));
        EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
    }

    std::optional<service> running;
    bool refusing = false; // by a trigger

private:
    bool memcached_away = false;
    bool postgres_away = false;
};

} // namespace

TEST_F(service_backends, without_memcached_the_answer_is_still_201) {
    EXPECT_EQ(post().header("X-Cache"), "stored");
    const auto before = rows("without cache");
    take_memcached(true);
    for (int i = 0; i < 20; ++i) {
        const auto response = post("without cache");
        ASSERT_EQ(response.status, 201) << response.body;
        EXPECT_EQ(response.header("X-Cache"), "failed");
    }
    EXPECT_EQ(rows("without cache"), before + 20);
    EXPECT_TRUE(running->ready()) << "a cache is no reason not to serve";
    take_memcached(false);
    EXPECT_TRUE(wait_until([&] { return post().header("X-Cache") == "stored"; }, 60s)) << running->log();
}

TEST_F(service_backends, without_postgresql_it_is_503_until_it_is_back) {
    take_postgres(true);
    EXPECT_TRUE(wait_until([&] { return post().status == 503; })); // what was under way may be 504
    for (int i = 0; i < 5; ++i)
        expect_unavailable();
    EXPECT_TRUE(wait_until([&] { return status_of(running->admin_port(), "/readyz") == 503; }));
    EXPECT_EQ(status_of(running->admin_port(), "/healthz"), 200);
    EXPECT_EQ(status_of(running->port(), "/healthz"), 200);
    take_postgres(false);
    EXPECT_TRUE(serves_again()) << running->log();
}

TEST_F(service_backends, postgresql_away_at_start_is_waited_for) {
    running.reset();
    take_postgres(true);
    auto options = options_under_test();
    options.wait_until_ready = false;
    running.emplace(std::move(options));
    EXPECT_EQ(status_of(running->admin_port(), "/readyz"), 503);
    EXPECT_TRUE(wait_until([&] { return status_of(running->port(), "/healthz") == 200; }));
    expect_unavailable();
    take_postgres(false);
    EXPECT_TRUE(serves_again()) << running->log();
}

TEST_F(service_backends, links_that_break_are_made_again) {
    ASSERT_EQ(post().status, 201);
    for (int round = 0; round < 3; ++round) {
        the_backends().postgres.query(std::string("SELECT pg_terminate_backend(pid) ") + client_sessions);
        EXPECT_TRUE(serves_again()) << running->log();
    }
}

// PostgreSQL reports the INSERT complete, and the COMMIT fails: a 201 at the first would be a lie.
TEST_F(service_backends, a_commit_that_fails_is_500_and_leaves_nothing) {
    auto& postgres = the_backends().postgres;
    postgres.query("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$");
    postgres.query("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON device DEFERRABLE INITIALLY DEFERRED "
                   "FOR EACH ROW WHEN (NEW.firmware = 'refused') EXECUTE FUNCTION refuse()");
    refusing = true;
    for (int i = 0; i < 10; ++i) {
        const auto response = post("refused");
        EXPECT_EQ(response.status, 500) << response.body;
        EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
        EXPECT_THAT(response.body, ::testing::Not(::testing::HasSubstr("refused at commit")))
            << "what the database said is for the log";
        EXPECT_FALSE(response.header("X-Cache"));
    }
    EXPECT_EQ(rows("refused"), 0);
    EXPECT_EQ(post("fine").status, 201);
}

TEST_F(service_backends, a_silent_postgresql_is_504_and_nothing_is_sent_twice) {
    ASSERT_EQ(post().status, 201);
    const auto before = rows("unknown outcome");
    the_backends().postgres.freeze();
    const auto response = post("unknown outcome");
    // A driver that asks a connection first whether it lives has not sent the statement: 503, and no row.
    const bool never_sent = !is_ours() && response.status == 503;
    EXPECT_TRUE(response.status == 504 || never_sent) << response.status << " " << response.body;
    EXPECT_THAT(response.body, ::testing::HasSubstr("\"error\""));
    the_backends().postgres.thaw();
    EXPECT_TRUE(serves_again()) << running->log();
    EXPECT_LE(rows("unknown outcome"), never_sent ? before : before + 1);
}

} // namespace beastmark::testing
