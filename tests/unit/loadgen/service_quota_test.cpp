#include "loadgen/service_quota.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;
using ::testing::StrEq;

json series(const char* name, const char* column, json values) {
    return {{"name", name}, {"labels", json::object()}, {column, std::move(values)}};
}

// A second of warm-up and four that are measured.
json throttled(json share, json limit) {
    return {{"config", {{"warmup_s", 1.0}}},
            {"run", {{"duration_s", 5.0}}},
            {"targets", {{"a", {{"validity", {{"text", "VALID: 4 of 4 s to be believed"}}}}}}},
            {"scraped",
             {{"a",
               {{"t_s", {1.0, 2.0, 3.0, 4.0, 5.0}},
                {"series",
                 {series("cgroup_cpu_throttled_seconds_total", "rate_per_s", std::move(share)),
                  series("cgroup_cpu_limit_cores", "value", std::move(limit))}}}}}}};
}

TEST(service_quota, is_told_with_what_it_took_and_from_how_many_cores) {
    auto result = throttled({0.9, 0.0, 0.5, 0.5, 0.004}, {0.5, 0.5, 0.5, 0.5, 0.5});
    add_service_quota(result);
    const auto& validity = result["targets"]["a"]["validity"];
    const auto* const sentence =
        "its CPU quota of 0.5 cores stopped the service in 2 of 4 s, for 0.25 s a second";
    EXPECT_THAT(validity["service_throttled"]["text"].get<std::string>(), StrEq(sentence));
    EXPECT_THAT(validity["text"].get<std::string>(),
                StrEq(std::string("VALID: 4 of 4 s to be believed; ") + sentence));
    EXPECT_EQ(validity["service_throttled"]["stopped_s"], 2) << "not the warm-up's second, nor 4 ms";
    EXPECT_EQ(validity["service_throttled"]["seen_s"], 4);
    EXPECT_EQ(validity["service_throttled"]["limit_cores"], 0.5);
    EXPECT_THAT(service_quota_text(result), StrEq(std::string("  a: ") + sentence + "\n"));
}

TEST(service_quota, of_a_service_that_does_not_tell_its_limit_is_told_without) {
    auto result = throttled({0.0, 0.2, 0.2, nullptr, 0.2}, {0, 0, 0, 0, 0});
    add_service_quota(result);
    EXPECT_THAT(service_quota_text(result),
                StrEq("  a: its CPU quota stopped the service in 3 of 3 s, for 0.2 s a second\n"));
    EXPECT_TRUE(result["targets"]["a"]["validity"]["service_throttled"]["limit_cores"].is_null());
}

TEST(service_quota, that_stopped_nothing_worth_telling_changes_nothing) {
    const auto before = throttled({0.9, 0.0, 0.001, 0.0, 0.009}, {1, 1, 1, 1, 1});
    auto result = before;
    add_service_quota(result);
    EXPECT_EQ(result, before);
    result.erase("scraped");
    const auto unscraped = result;
    add_service_quota(result);
    EXPECT_EQ(result, unscraped);
    EXPECT_EQ(service_quota_text(result), "");
}

} // namespace
} // namespace beastmark::loadgen
