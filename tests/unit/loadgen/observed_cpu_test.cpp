#include "loadgen/efficiency/observed_cpu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::loadgen::efficiency {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json process(double cores) {
    return {{"pid", 7}, {"t_s", {1.0, 2.0}}, {"cpu_cores", {cores, nullptr}}};
}

json endpoint(const json& series) {
    return {{"url", "http://h/metrics"}, {"t_s", {1.0, 2.0}}, {"series", series}};
}

json series(const std::string& name, const json& labels, const json& rate) {
    return {{"name", name}, {"labels", labels}, {"type", "counter"}, {"rate_per_s", rate}};
}

TEST(observed_cpu, the_process_named_as_the_target_comes_first) {
    const json seen{
        {"watched", {{"loadgen", process(9)}, {"a", process(1)}, {"b", process(2)}}},
        {"scraped", {{"a", endpoint(json::array({series("process_cpu_seconds_total", {}, {5.0, 5.0})}))}}}};
    const auto found = observed_cpu(seen, "a", false);
    ASSERT_TRUE(found.series);
    EXPECT_EQ(found.series->source, "watch");
    EXPECT_EQ(found.series->of, "process a (7)");
    EXPECT_THAT(found.series->t_s, ElementsAre(1)) << "without the sample that is missing";
    EXPECT_THAT(found.series->cores, ElementsAre(1));
}

TEST(observed_cpu, the_only_process_is_that_of_the_only_target) {
    const json one{{"watched", {{"loadgen", process(9)}, {"svc", process(1)}}}};
    EXPECT_TRUE(observed_cpu(one, "target", true).series);
    EXPECT_FALSE(observed_cpu(one, "target", false).series);
    const json two{{"watched", {{"svc", process(1)}, {"postgres", process(2)}}}};
    const auto found = observed_cpu(two, "target", true);
    EXPECT_FALSE(found.series);
    EXPECT_THAT(found.why_not, HasSubstr("which of postgres, svc serves 'target' is not known"));
    EXPECT_THAT(found.why_not, HasSubstr("--watch target=PID"));
}

TEST(observed_cpu, an_endpoint_tells_that_of_its_process) {
    const json seen{
        {"scraped", {{"a", endpoint(json::array({series("process_cpu_seconds_total", {}, {0.5, 0.7})}))}}}};
    const auto found = observed_cpu(seen, "a", false);
    ASSERT_TRUE(found.series);
    EXPECT_EQ(found.series->source, "scrape");
    EXPECT_EQ(found.series->of, "process_cpu_seconds_total of http://h/metrics");
    EXPECT_THAT(found.series->cores, ElementsAre(0.5, 0.7));
}

TEST(observed_cpu, cadvisor_tells_that_of_all_containers_with_the_targets_name) {
    const auto usage = [](const json& labels, double cores) {
        return series("container_cpu_usage_seconds_total", labels, {cores, cores});
    };
    const json seen{{"scraped",
                     {{"node", endpoint({usage({{"container", "a"}, {"pod", "a-1"}}, 0.5),
                                         usage({{"container", "a"}, {"pod", "a-2"}, {"cpu", "total"}}, 0.25),
                                         usage({{"container", "a"}, {"pod", "a-2"}, {"cpu", "cpu00"}}, 0.25),
                                         usage({{"container", "b"}, {"pod", "b-1"}}, 4)})}}}};
    const auto found = observed_cpu(seen, "a", false);
    ASSERT_TRUE(found.series);
    EXPECT_THAT(found.series->cores, ElementsAre(0.75, 0.75));
}

TEST(observed_cpu, what_the_targets_endpoint_did_not_give_is_told) {
    json page = endpoint(json::array({series("up", {}, {1.0, 1.0})}));
    EXPECT_EQ(observed_cpu({{"scraped", {{"a", page}}}}, "a", true).why_not,
              "no CPU was measured: --scrape a has no process_cpu_seconds_total");
    page["last_failure"] = "Connection refused";
    EXPECT_EQ(observed_cpu({{"scraped", {{"a", page}}}}, "a", true).why_not,
              "no CPU was measured: --scrape a failed: Connection refused");
}

TEST(observed_cpu, where_there_is_none_what_gives_it_is_told) {
    for (const json& seen :
         {json(nullptr), json::object(), json{{"watched", 3}, {"scraped", {{"a", "x"}}}}}) {
        const auto found = observed_cpu(seen, "a", true);
        EXPECT_FALSE(found.series);
        EXPECT_THAT(found.why_not, HasSubstr("no CPU was measured: give --watch a=PID"));
    }
}

} // namespace
} // namespace beastmark::loadgen::efficiency
