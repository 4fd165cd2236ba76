#include "loadgen/efficiency/efficiency_output.hpp"
#include "loadgen/efficiency/run_efficiency.hpp"
#include "loadgen/slo.hpp"
#include "ramp_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::loadgen::efficiency {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

const std::vector<stage> three{{stage_kind::hold, 2s, 100, 100, 1},
                               {stage_kind::hold, 2s, 200, 200, 1},
                               {stage_kind::hold, 2s, 400, 400, 1}};

/// All are answered up to 200/s in 2 ms; of 400/s half, in 60 ms.
run_record three_rates(std::chrono::nanoseconds warmup = {}) {
    return made_up_run(three,
                       {{"t",
                         [](std::size_t, double rate) {
                             const auto n = static_cast<std::uint64_t>(rate);
                             return rate < 400 ? made_second{n, 0, 2ms} : made_second{n / 2, n / 2, 60ms};
                         }}},
                       warmup);
}

/// 0.1, 0.1, 0.4, 0.4, 0.8 and 0.8 cores.
json watched(const std::string& name) {
    return {{"watched",
             {{"loadgen", {{"pid", 1}, {"t_s", {1.0}}, {"cpu_cores", {0.9}}}},
              {name,
               {{"pid", 7},
                {"t_s", {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}},
                {"cpu_cores", {0.1, 0.1, 0.4, 0.4, 0.8, nullptr}}}}}},
            {"scraped", json::object()}};
}

run_options asked(std::vector<const char*> objectives = {}, std::optional<double> price = {}) {
    run_options o;
    o.watches = {"t=7"};
    for (const auto* text : objectives)
        o.slos.push_back(parse_slo(text));
    if (price)
        o.prices["t"] = *price;
    return o;
}

TEST(efficiency, cpu_of_each_stage_is_divided_by_what_was_answered_in_it) {
    const auto found = find_costs(three_rates(), asked(), watched("t"));
    ASSERT_EQ(found.size(), 1u);
    const auto& stages = found[0].stages;
    ASSERT_EQ(stages.size(), 3u);
    EXPECT_DOUBLE_EQ(*stages[0].figures.cpu_us_per_request, 1000);
    EXPECT_DOUBLE_EQ(*stages[1].figures.cpu_us_per_request, 2000);
    EXPECT_DOUBLE_EQ(*stages[1].figures.rps_per_core, 500);
    EXPECT_DOUBLE_EQ(*stages[2].figures.cpu_us_per_request, 4000) << "of 200/s that were answered as wanted";
    EXPECT_DOUBLE_EQ(*found[0].total.cpu_us_per_request, 2.6e6 / 1000);
    EXPECT_EQ(found[0].cpu.series->source, "watch");
}

TEST(efficiency, at_the_objectives_is_the_highest_stage_that_kept_them) {
    EXPECT_FALSE(find_costs(three_rates(), asked(), watched("t"))[0].at_objectives);
    const auto found = find_costs(three_rates(), asked({"p99<50ms", "error_rate<0.1%"}), watched("t"));
    EXPECT_EQ(found[0].at_objectives, 1u);
    EXPECT_EQ(find_costs(three_rates(), asked({"p99<100ms"}), watched("t"))[0].at_objectives, 2u);
    EXPECT_FALSE(find_costs(three_rates(), asked({"p99<1ms"}), watched("t"))[0].at_objectives);
    EXPECT_THAT(text_of(found[0]),
                HasSubstr("at 200/s, the highest rate that kept the objectives: 2.00 ms of CPU"));
}

TEST(efficiency, an_objective_that_compares_targets_is_judged_in_each_stage) {
    const auto slower_at_200 = [](std::size_t, double rate) {
        return made_second{static_cast<std::uint64_t>(rate), 0, rate > 100 ? 9ms : 1ms};
    };
    const auto steady = [](std::size_t, double rate) {
        return made_second{static_cast<std::uint64_t>(rate), 0, 5ms};
    };
    const auto record = made_up_run(three, {{"t", slower_at_200}, {"u", steady}});
    const auto found = find_costs(record, asked({"t.p99<u.p99"}), watched("t"));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].at_objectives, 0u);
    EXPECT_FALSE(found[1].stages[0].kept_objectives) << "it is none of u's";
}

TEST(efficiency, a_price_is_paid_for_the_time_whatever_the_cpu) {
    const auto found = find_costs(three_rates(), asked({"p99<50ms"}, 0.72), watched("t"));
    EXPECT_DOUBLE_EQ(*found[0].stages[0].figures.cost_per_million, 2);
    EXPECT_DOUBLE_EQ(*found[0].stages[1].figures.cost_per_million, 1);
    EXPECT_DOUBLE_EQ(*found[0].total.cost_per_million, 0.72 / 3600 / (1000.0 / 6) * 1e6);
    const auto without_cpu = find_costs(three_rates(), asked({}, 0.72), json::object());
    EXPECT_DOUBLE_EQ(*without_cpu[0].stages[1].figures.cost_per_million, 1);
    EXPECT_THAT(text_of(without_cpu[0]),
                HasSubstr("1.2 per million requests; CPU not known: no CPU was measured"));
}

TEST(efficiency, the_warm_up_is_left_out) {
    const auto found = find_costs(three_rates(2s), asked(), watched("t"));
    ASSERT_EQ(found[0].stages.size(), 2u);
    EXPECT_EQ(found[0].stages[0].stage, 1u);
    EXPECT_DOUBLE_EQ(*found[0].total.cpu_us_per_request, 2.4e6 / 800);
}

TEST(efficiency, there_is_none_where_nothing_was_asked_for) {
    EXPECT_TRUE(find_costs(three_rates(), run_options{}, watched("t")).empty());
    EXPECT_EQ(as_json(std::vector<target_costs>{}), json::object());
}

TEST(efficiency, a_shard_has_none) {
    auto record = three_rates();
    record.what.share = {0, 3};
    const auto found = find_costs(record, asked({}, 0.72), watched("t"));
    EXPECT_FALSE(found[0].total.cpu_us_per_request);
    EXPECT_FALSE(found[0].total.cost_per_million);
    EXPECT_THAT(text_of(found[0]), HasSubstr("not known: a shard"));
}

TEST(efficiency, in_the_result_is_what_is_known_and_why_the_rest_is_not) {
    const auto known = as_json(find_costs(three_rates(), asked({"p99<50ms"}, 0.72), watched("t"))).at("t");
    EXPECT_EQ(known["source"], "watch");
    EXPECT_EQ(known["of"], "process t (7)");
    EXPECT_EQ(known["why_not"], nullptr);
    EXPECT_EQ(known["at_objectives"]["stage"], 1);
    EXPECT_EQ(known["stages"][2]["kept_objectives"], false);
    EXPECT_NEAR(known["stages"][2]["cpu_cores"].get<double>(), 0.8, 1e-9) << "a sample that is missing";
    const auto unknown = as_json(find_costs(three_rates(), asked(), json::object())).at("t");
    EXPECT_EQ(unknown["source"], nullptr);
    EXPECT_THAT(unknown["why_not"].get<std::string>(), HasSubstr("--watch t=PID"));
    EXPECT_EQ(unknown["total"]["cpu_us_per_request"], nullptr);
}

TEST(efficiency, a_series_that_looks_back_further_than_the_stages_last_is_told) {
    const cpu_series slow{
        .source = "prometheus", .of = "it", .look_back_s = 25, .slack_s = 0, .t_s = {30}, .cores = {1}};
    const auto found = find_costs(three_rates(), 0, {}, {slow, {}}, {});
    EXPECT_FALSE(found.total.cpu_cores);
    EXPECT_THAT(why_not(found), HasSubstr("no stage is long enough: a sample of it is of 25 s"));
}

TEST(cpu_series, a_sample_that_reaches_into_another_stage_is_not_its_own) {
    const cpu_series by_rule{.source = {},
                             .of = {},
                             .look_back_s = 25,
                             .slack_s = 0.001,
                             .t_s = {30, 54.9, 55, 60, 65},
                             .cores = {1, 2, 3, 5, 9}};
    EXPECT_EQ(by_rule.mean_cores(30, 60), 4);
    EXPECT_FALSE(by_rule.mean_cores(30, 50));
    const cpu_series by_second{.source = {}, .of = {}, .t_s = {1, 2, 3}, .cores = {1, 2, 4}};
    EXPECT_EQ(by_second.mean_cores(0.6, 2.6), 3) << "those that have their middle in it";
}

} // namespace
} // namespace beastmark::loadgen::efficiency
