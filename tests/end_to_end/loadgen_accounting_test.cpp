// What loadgen says it did is what the service, and the table, have seen.

#include "tests/end_to_end/result_file.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace beastmark::testing {

namespace {

using json = nlohmann::json;
using ::testing::HasSubstr;

std::string url_of(const service& target) {
    return "http://127.0.0.1:" + std::to_string(target.port()) + "/api/devices";
}

double counted(const service& target, const metric_labels& labels = {}) {
    return metrics::scrape(target.admin_port())
        .sum("http_server_request_duration_seconds_count", labels)
        .value_or(-1);
}

/// The only target of the run, whatever its name.
const json& only_target(const json& result) {
    return *result.at("targets").begin();
}

class loadgen_against_baseline : public ::testing::Test {
protected:
    service baseline{{.program = "baseline"}};
};

class loadgen_against_ingest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto schema = run({.arguments = {built_program("ingest"), "--init-schema", "--postgres",
                                               postgres.connection_string()}});
        ASSERT_EQ(schema.status, (exit_status{0, 0})) << schema.err;
        start();
    }

    void start(const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"--postgres", postgres.connection_string(), "--memcached",
                                           memcached.address()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        ingest.emplace(service_options{.program = "ingest", .arguments = std::move(arguments)});
    }

    std::vector<std::string> posting(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"-m", "POST", "-H", "Content-Type: application/json", "-b",
                                           R"({"mac":"{{mac}}","firmware":"{{seq}}.{{rand 0 9}}"})",
                                           "--expect", "201", url_of(*ingest)});
        return arguments;
    }

    postgres_cluster postgres;
    memcached_server memcached;
    std::optional<service> ingest;
};

} // namespace

TEST_F(loadgen_against_baseline, offers_the_schedule_exactly_and_the_service_counted_it) {
    loadgen_run load({"-R", "2000", "-d", "3s", "--timeout", "10s", "--name", "first", "--label", "kind=test",
                      url_of(baseline)});
    ASSERT_TRUE(ran(load.running.wait(60s))) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    const auto& totals = only_target(result)["totals"];
    EXPECT_EQ(totals["offered"], 6000);
    EXPECT_EQ(totals["outcomes"]["ok"], 6000) << totals;
    EXPECT_EQ(totals["statuses"], (json{{"200", 6000}}));
    EXPECT_NEAR(counted(baseline), 6000, 6);
    EXPECT_NEAR(result["run"]["duration_s"].get<double>(), 3.0, 0.5);
    EXPECT_EQ(result["run"]["interrupted"], false);
    EXPECT_EQ(result["run"]["exit_code"], believable(result) ? 0 : 4);
    EXPECT_EQ(result["manifest"]["labels"], (json{{"kind", "test"}}));
    EXPECT_EQ(only_target(result)["latency"]["response"]["count"], 6000);
    EXPECT_GE(only_target(result)["latency"]["response"]["p50_us"],
              only_target(result)["latency"]["service"]["p50_us"]);
    EXPECT_FALSE(load.running.out().empty()) << "no summary";
    EXPECT_THAT(load.report(), HasSubstr("</html>"));
    EXPECT_THAT(load.report(), ::testing::Not(HasSubstr("src=\"http")));
}

TEST_F(loadgen_against_baseline, ramps_as_the_closed_form_says) {
    loadgen_run load({"--stage", "1s:500", "--stage", "1s:500..1500", "--stage", "2s:1000..2000/2", "-t", "2",
                      "--timeout", "10s", url_of(baseline)});
    ASSERT_TRUE(ran(load.running.wait(60s))) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    const auto& target = only_target(result);
    EXPECT_EQ(target["totals"]["offered"], 500 + 1000 + 1000 + 2000);
    ASSERT_EQ(target["stages"].size(), 4U) << target["stages"];
    EXPECT_NEAR(target["stages"][1]["totals"]["offered"].get<int>(), 1000, 1);
    EXPECT_EQ(target["stages"][2]["kind"], "step");
    EXPECT_NEAR(counted(baseline), 4500, 4.5);
}

TEST_F(loadgen_against_baseline, tells_outcomes_apart) {
    const std::string root = "http://127.0.0.1:" + std::to_string(baseline.port());
    loadgen_run missing({"-R", "200", "-d", "1s", root + "/nowhere"});
    EXPECT_TRUE(missing.running.wait(60s));
    const auto not_found = missing.result();
    expect_valid_result(not_found);
    EXPECT_EQ(only_target(not_found)["totals"]["outcomes"]["http_4xx"], 200);

    loadgen_run unexpected({"-R", "200", "-d", "1s", "--expect", "201", url_of(baseline)});
    EXPECT_TRUE(unexpected.running.wait(60s));
    EXPECT_EQ(only_target(unexpected.result())["totals"]["outcomes"]["unexpected"], 200);
}

TEST_F(loadgen_against_baseline, watches_and_scrapes_while_it_runs) {
    loadgen_run load({"-R", "500", "-d", "3s", "--watch",
                      "baseline=" + std::to_string(baseline.running().pid()), "--scrape",
                      "metrics=http://127.0.0.1:" + std::to_string(baseline.admin_port()) + "/metrics",
                      url_of(baseline)});
    ASSERT_TRUE(ran(load.running.wait(60s))) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    const auto& watched = result["watched"].at("baseline");
    EXPECT_EQ(watched["pid"], baseline.running().pid());
    EXPECT_GE(watched["cpu_cores"].size(), 2U);
    EXPECT_EQ(watched["cpu_cores"].size(), watched["t_s"].size());
    EXPECT_GT(watched["memory_bytes"].back(), 1'000'000);
    const auto& scraped = result["scraped"].at("metrics");
    EXPECT_EQ(scraped["failures"], 0);
    bool found = false;
    for (const auto& series : scraped["series"])
        found = found || series["name"] == "http_server_request_duration_seconds";
    EXPECT_TRUE(found);
}

TEST_F(loadgen_against_baseline, a_service_that_dies_is_counted_not_waited_for) {
    loadgen_run load({"-R", "500", "-d", "4s", "--timeout", "500ms", url_of(baseline)});
    EXPECT_TRUE(wait_until([&] { return counted(baseline) > 200; }));
    baseline.running().signal(SIGKILL);
    baseline.stop();
    EXPECT_TRUE(load.running.wait(60s));
    const auto result = load.result();
    expect_valid_result(result);
    const auto& outcomes = only_target(result)["totals"]["outcomes"];
    EXPECT_EQ(only_target(result)["totals"]["offered"], 2000);
    EXPECT_GT(outcomes["ok"], 0);
    EXPECT_GT(outcomes["connect_error"], 0);
    EXPECT_FALSE(only_target(result)["totals"]["errors"].empty());
}

TEST_F(loadgen_against_baseline, stops_when_told) {
    loadgen_run load({"-R", "200", "-d", "60s", "--stop-when", "availability<90% for 1s",
                      "http://127.0.0.1:" + std::to_string(baseline.port()) + "/nowhere"});
    ASSERT_TRUE(load.running.wait(30s)) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    EXPECT_THAT(result["run"]["stopped"].at("condition").get<std::string>(), HasSubstr("availability"));
    EXPECT_LT(result["run"]["duration_s"], 30);
    EXPECT_EQ(result["run"]["interrupted"], false);
}

TEST_F(loadgen_against_ingest, rows_equal_the_201s_exactly) {
    start({"--max-queue-time", "10s", "--request-timeout", "10s"}); // a busy disk must not cost a request
    loadgen_run load(posting({"-R", "300", "-d", "3s", "--timeout", "10s"}));
    ASSERT_TRUE(ran(load.running.wait(60s))) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    const auto& totals = only_target(result)["totals"];
    EXPECT_EQ(totals["offered"], 900);
    EXPECT_EQ(totals["outcomes"]["ok"], 900) << totals;
    EXPECT_EQ(totals["statuses"], (json{{"201", 900}}));
    EXPECT_EQ(postgres.count("device"), 900);
    EXPECT_EQ(postgres.count("(SELECT DISTINCT firmware FROM device) AS one"), 900)
        << "{{seq}} repeats itself";
    EXPECT_NEAR(counted(*ingest, {{"http_response_status_code", "201"}}), 900, 0.9);
}

TEST_F(loadgen_against_ingest, through_overload_every_201_has_its_row) {
    loadgen_run load(posting({"-R", "60000", "-d", "3s", "-c", "256", "--timeout", "500ms"}));
    ASSERT_TRUE(load.running.wait(60s)) << load.running.err();
    const auto result = load.result();
    expect_valid_result(result);
    const auto& totals = only_target(result)["totals"];
    EXPECT_EQ(totals["offered"], 180'000);
    const auto outcome = [&](const char* name) { return totals["outcomes"][name].get<std::int64_t>(); };
    const auto created = totals["statuses"].value("201", std::int64_t{0});
    EXPECT_GT(created, 0);
    ingest->stop(); // what is under way is finished first
    const auto rows = postgres.count("device");
    EXPECT_GE(rows, created);
    EXPECT_LE(rows, created + outcome("timeout") + outcome("unfinished") + outcome("reset") +
                        totals["statuses"].value("504", std::int64_t{0}));
}

} // namespace beastmark::testing
