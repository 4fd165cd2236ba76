#include "server/server_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>

namespace beastmark::server {
namespace {

using boost::beast::http::status;
using namespace std::chrono_literals;

std::string label(const prometheus::ClientMetric& metric, std::string_view name) {
    for (const auto& each : metric.label) {
        if (each.name == name) {
            return each.value;
        }
    }
    return "(none)";
}

class collected : public testing::Test {
protected:
    // The one member of the durations with these labels, or null.
    static const prometheus::ClientMetric* find(const prometheus::MetricFamily& family,
                                                std::string_view method, std::string_view route,
                                                std::string_view code) {
        const auto found = std::ranges::find_if(family.metric, [&](const auto& each) {
            return label(each, "http_request_method") == method && label(each, "http_route") == route &&
                   label(each, "http_response_status_code") == code;
        });
        return found == family.metric.end() ? nullptr : &*found;
    }

    route_table routes{{"/api/devices", method::post}, {"/healthz", method::get, "{}"}};
    core_metrics one{routes};
    core_metrics two{routes};
    server_collector collector{routes, {&one, &two}};
};

TEST_F(collected, expected_series_are_there_at_zero) {
    const auto families = collector.Collect();
    EXPECT_EQ(families[0].name, "http_server_request_duration_seconds");
    for (const char* const code :
         {"201", "400", "408", "413", "415", "417", "431", "500", "501", "503", "504"}) {
        const auto* const series = find(families[0], "POST", "/api/devices", code);
        ASSERT_NE(series, nullptr) << code;
        EXPECT_EQ(series->histogram.sample_count, 0U);
    }
    EXPECT_NE(find(families[0], "GET", "/api/devices", "405"), nullptr);
    EXPECT_NE(find(families[0], "GET", "/healthz", "200"), nullptr);
    EXPECT_NE(find(families[0], "_OTHER", "", "400"), nullptr);
    EXPECT_EQ(find(families[0], "GET", "/healthz", "201"), nullptr);
}

TEST_F(collected, counts_are_summed_over_cores) {
    one.record(method::post, 0, status::created, 1ms);
    two.record(method::post, 0, status::created, 2ms);
    two.record(method::other, no_route, status::bad_request, 1us);
    const auto families = collector.Collect();
    EXPECT_EQ(find(families[0], "POST", "/api/devices", "201")->histogram.sample_count, 2U);
    EXPECT_EQ(find(families[0], "_OTHER", "", "400")->histogram.sample_count, 1U);
}

TEST_F(collected, no_series_is_shown_twice) {
    one.record(method::get, 1, status::method_not_allowed, 1us);
    const auto families = collector.Collect();
    std::set<std::string> seen;
    for (const auto& metric : families[0].metric) {
        std::string all;
        for (const auto& each : metric.label) {
            all += each.value + '|';
        }
        EXPECT_TRUE(seen.insert(all).second) << all;
    }
}

TEST_F(collected, gauges_and_rejections) {
    one.active_requests.set(3);
    two.active_requests.set(4);
    one.connections.set(10);
    two.reject(rejection::overload);
    const auto families = collector.Collect();
    EXPECT_EQ(families[1].name, "http_server_active_requests");
    EXPECT_EQ(families[1].metric[0].gauge.value, 7);
    EXPECT_EQ(families[2].metric.size(), 2U);
    EXPECT_EQ(families[2].metric[0].gauge.value, 10);
    EXPECT_EQ(label(families[3].metric[0], "reason"), "overload");
    EXPECT_EQ(families[3].metric[0].counter.value, 1);
}

} // namespace
} // namespace beastmark::server
