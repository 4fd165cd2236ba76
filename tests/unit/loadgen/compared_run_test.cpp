#include "loadgen/compared_run.hpp"
#include "tests/unit/loadgen/compared_results.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;
using testing_results::result_of;
using testing_results::watch;

/// The only stage of a result of one target.
compared_stage only_stage(const json& result) {
    const auto runs = read_runs(result, 0);
    return runs.at(0).stages.at(0);
}

json series(const char* name, json labels, const char* column, json values) {
    return {{"name", name}, {"labels", std::move(labels)}, {column, std::move(values)}};
}

TEST(compared_run, takes_the_seconds_of_each_stage_from_what_was_sampled) {
    auto result = result_of("go", {{.rate = 1'000}, {.rate = 2'000}});
    result["watched"]["go"] = {{"t_s", {1.0, 2.0, 3.0, 4.0, 5.0}},
                               {"cpu_cores", {0.1, 0.3, 0.6, nullptr, 9.0}},
                               {"memory_bytes", {10, 30, 20, 25, 70}}};
    result["watched"]["postgres"] = {{"t_s", {1.0, 3.0}}, {"cpu_cores", {0.5, 0.7}}};
    const auto runs = read_runs(result, 3);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].result, 3U);
    EXPECT_TRUE(runs[0].watched);
    EXPECT_EQ(runs[0].peak_memory_bytes, 70);
    const auto& [first, second] = std::pair(runs[0].stages.at(0), runs[0].stages.at(1));
    EXPECT_DOUBLE_EQ(*first.value(measure::cpu_cores), 0.2);
    EXPECT_DOUBLE_EQ(*first.value(measure::cpu_us_per_request), 200);
    EXPECT_EQ(first.value(measure::memory_bytes), 30);
    EXPECT_DOUBLE_EQ(*second.value(measure::cpu_cores), 0.6);
    EXPECT_DOUBLE_EQ(*second.value(measure::cpu_us_per_request), 300);
    EXPECT_EQ(second.value(measure::postgres_cpu_cores), 0.7);
    EXPECT_FALSE(second.value(measure::memcached_cpu_cores));
}

TEST(compared_run, reads_what_the_service_said_of_its_backends) {
    auto result = result_of("go", {{.rate = 1'000}});
    const json insert{{"db_operation_name", "INSERT"}, {"error_type", ""}};
    const json failed{{"db_operation_name", "INSERT"}, {"error_type", "timeout"}};
    const auto pool = [](const char* name, const char* state) {
        return json{{"db_client_connection_pool_name", name}, {"db_client_connection_state", state}};
    };
    result["scraped"]["go"] = {
        {"t_s", {1.0, 2.0}},
        {"series",
         {series("db_client_operation_duration_seconds", failed, "p99_s", {9.0, 9.0}),
          series("db_client_operation_duration_seconds", insert, "p99_s", {0.004, nullptr}),
          series("db_client_operation_duration_seconds", {{"db_operation_name", "set"}}, "p99_s",
                 {0.001, 0.001}),
          series("db_client_connection_count", pool("postgresql", "used"), "value", {4, 6}),
          series("db_client_connection_count", pool("memcached", "used"), "value", {1, 1}),
          series("cgroup_cpu_throttled_seconds_total", json::object(), "rate_per_s", {0.0, 0.5})}}};
    const auto stage = only_stage(result);
    EXPECT_DOUBLE_EQ(*stage.value(measure::insert_p99_us), 4'000);
    EXPECT_DOUBLE_EQ(*stage.value(measure::set_p99_us), 1'000);
    EXPECT_EQ(stage.value(measure::pool_used), 5) << "of the pool to PostgreSQL";
    EXPECT_FALSE(stage.value(measure::pool_idle));
    EXPECT_EQ(stage.value(measure::throttled_share), 0.25);
}

TEST(compared_run, an_endpoint_that_says_nothing_of_throttling_was_not_throttled) {
    auto result = result_of("go", {{.rate = 1'000}});
    EXPECT_FALSE(only_stage(result).value(measure::throttled_share)) << "not scraped";
    result["scraped"]["go"] = {{"t_s", {1.0, 2.0}}, {"series", json::array()}};
    EXPECT_EQ(only_stage(result).value(measure::throttled_share), 0);
}

TEST(compared_run, an_endpoint_of_another_target_is_not_its_own) {
    auto result = result_of("go", {{.rate = 1'000}});
    result["targets"]["cpp"] = result["targets"]["go"];
    result["scraped"]["cpp"] = {{"t_s", {1.0, 2.0}}, {"series", json::array()}};
    const auto runs = read_runs(result, 0);
    EXPECT_TRUE(runs.at(0).stages.at(0).value(measure::throttled_share)) << runs[0].target;
    EXPECT_FALSE(runs.at(1).stages.at(0).value(measure::throttled_share)) << runs[1].target;
}

TEST(compared_run, only_stages_that_hold_a_rate_count_and_each_rate_once) {
    auto result = result_of(
        "t", {{.rate = 100}, {.rate = 400}, {.rate = 200}, {.rate = 800}, {.rate = 400, .p99_ms = 7}});
    json& stages = result["targets"]["t"]["stages"];
    stages[0]["warmup"] = true;
    stages[3]["kind"] = "linear";
    const auto runs = read_runs(result, 0);
    ASSERT_EQ(runs.at(0).stages.size(), 2U);
    EXPECT_EQ(runs[0].stages[0].rate_rps, 200) << "ascending";
    EXPECT_EQ(runs[0].stages[1].value(measure::p99_us), 1'000);
}

TEST(compared_run, a_stage_that_had_only_begun_is_none) {
    auto result = result_of("t", {{.rate = 100}, {.rate = 200, .complete = false}});
    result["run"]["duration_s"] = 2.9;
    EXPECT_EQ(read_runs(result, 0).at(0).stages.size(), 1U);
    result["run"]["duration_s"] = 3.1;
    EXPECT_EQ(read_runs(result, 0).at(0).stages.size(), 2U);
}

TEST(compared_run, a_stage_of_which_no_second_was_judged_is_believed) {
    auto result = result_of("t", {{.rate = 100, .believable = false}});
    EXPECT_FALSE(only_stage(result).believable);
    result["targets"]["t"]["stages"][0]["validity"]["measured_s"] = 0.0;
    EXPECT_TRUE(only_stage(result).believable);
    result["targets"]["t"]["stages"][0].erase("validity");
    EXPECT_TRUE(only_stage(result).believable);
}

TEST(compared_run, what_is_odd_is_left_out) {
    auto result = result_of("t", {{.rate = 100}, {.rate = 200}, {.rate = 400}});
    json& stages = result["targets"]["t"]["stages"];
    stages[0] = 7;
    stages[1]["from_rps"] = -3;
    stages[2]["totals"] = nullptr;
    stages[2]["latency"] = {{"response", 3}};
    result["watched"] = {{"t", {{"t_s", "none"}, {"cpu_cores", {1, 2}}, {"memory_bytes", {nullptr, "x"}}}}};
    result["scraped"] = {{"t", {{"t_s", {1, 2}}, {"series", {3, {{"name", "db_client_connection_count"}}}}}}};
    const auto runs = read_runs(result, 0);
    ASSERT_EQ(runs.at(0).stages.size(), 1U);
    EXPECT_FALSE(runs[0].stages[0].value(measure::p99_us));
    EXPECT_FALSE(runs[0].stages[0].value(measure::cpu_cores));
    EXPECT_FALSE(runs[0].peak_memory_bytes);
    EXPECT_TRUE(read_runs(json::array(), 0).empty());
    EXPECT_TRUE(read_runs({{"targets", {{"t", 3}}}}, 0).at(0).stages.empty());
}

} // namespace
} // namespace beastmark::loadgen
