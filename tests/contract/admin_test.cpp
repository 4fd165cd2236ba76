// The admin port: probes and metrics (docs/design.md section 3).

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace beastmark::testing {

namespace {

const std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";
const std::string duration = "http_server_request_duration_seconds";

std::string method() {
    return posts() ? "POST" : "GET";
}

std::string success() {
    return posts() ? "201" : "200";
}

std::string request_bytes() {
    return posts() ? request("POST", "/api/devices", body) : request("GET", "/api/devices");
}

/// The family that a sample belongs to: samples of histograms and summaries carry suffixes.
std::string family_of(const metrics& all, const std::string& name) {
    if (all.types().contains(name))
        return name;
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
        const std::string family = name.substr(0, name.size() - std::min(name.size(), suffix.size()));
        const auto type = all.types().find(family);
        if (name.ends_with(suffix) && type != all.types().end() &&
            (type->second == "histogram" || type->second == "summary"))
            return family;
    }
    return "";
}

metric_labels without_le(metric_labels labels) {
    labels.erase("le");
    return labels;
}

/// Cumulative, ends with +Inf, which is the count; 20 bounds to a decade from `first` to 10 s.
void expect_histogram(const metrics& all, const std::string& family, double first) {
    SCOPED_TRACE(family);
    std::map<metric_labels, std::vector<std::pair<double, double>>> series;
    for (const auto& sample : all.find(family + "_bucket"))
        series[without_le(sample.labels)].emplace_back(
            sample.labels.at("le") == "+Inf" ? HUGE_VAL : std::stod(sample.labels.at("le")), sample.value);
    ASSERT_FALSE(series.empty());
    for (const auto& [labels, buckets] : series) {
        const auto bounds = static_cast<std::size_t>(std::lround(20 * std::log10(10.0 / first))) + 1;
        ASSERT_EQ(buckets.size(), bounds + 1) << ::testing::PrintToString(labels);
        for (std::size_t i = 0; i < bounds; ++i) {
            EXPECT_NEAR(buckets[i].first / (first * std::pow(10.0, static_cast<double>(i) / 20)), 1.0, 0.01);
            EXPECT_LT(buckets[i].first, buckets[i + 1].first);
            EXPECT_LE(buckets[i].second, buckets[i + 1].second);
        }
        EXPECT_EQ(buckets.back().first, HUGE_VAL);
        EXPECT_EQ(all.sum(family + "_count", labels), buckets.back().second);
        EXPECT_TRUE(all.sum(family + "_sum", labels));
    }
}

double counted(const service& running, const metric_labels& labels = {}) {
    return metrics::scrape(running.admin_port()).sum(duration + "_count", labels).value_or(-1);
}

} // namespace

TEST(service_admin, probes_and_metrics) {
    service running(options_under_test());
    EXPECT_EQ(status_of(running.admin_port(), "/healthz"), 200);
    EXPECT_EQ(status_of(running.admin_port(), "/readyz"), 200);
    EXPECT_EQ(status_of(running.admin_port(), "/nowhere"), 404);
    EXPECT_EQ(fetch(running.admin_port(), "POST", "/metrics").status, 405);
    EXPECT_EQ(fetch(running.admin_port(), "HEAD", "/healthz").status, 200);
    const auto response = fetch(running.admin_port(), "GET", "/metrics", {}, {"Accept: */*"});
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.header("Content-Type").value_or(""),
                ::testing::StartsWith("text/plain; version=0.0.4"));
}

TEST(service_admin, keeps_connections_as_scrapers_do) {
    service running(options_under_test());
    http_client client(running.admin_port());
    for (int i = 0; i < 3; ++i) {
        client.send(request("GET", "/metrics"));
        EXPECT_EQ(client.receive().status, 200);
    }
}

TEST(service_admin, bad_input_on_the_admin_port_harms_nothing) {
    service running(options_under_test());
    http_client client(running.admin_port());
    client.send("garbage\r\n\r\n");
    EXPECT_EQ(client.receive().status, 400);
    http_client long_head(running.admin_port());
    long_head.try_send("GET /metrics HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(long_head.receive().status, 431);
    EXPECT_EQ(status_of(running.admin_port(), "/readyz"), 200);
}

TEST(service_metrics, exist_at_zero_before_the_first_request) {
    service running(options_under_test());
    const auto all = metrics::scrape(running.admin_port());
    const metric_labels served = {{"http_request_method", method()},
                                  {"http_route", "/api/devices"},
                                  {"http_response_status_code", success()},
                                  {"url_scheme", "http"}};
    EXPECT_EQ(all.sum(duration + "_count", served), 0.0);
    EXPECT_EQ(all.sum(duration + "_count"), 0.0);
    EXPECT_EQ(all.sum("http_server_active_requests"), 0.0);
    EXPECT_EQ(all.sum("beastmark_connections"), 0.0);
    EXPECT_EQ(all.sum("beastmark_rejected_total"), 0.0);
    if (!posts())
        return;
    for (const auto& [system, operation] : {std::pair{"postgresql", "INSERT"}, std::pair{"memcached", "set"}})
        EXPECT_EQ(all.sum("db_client_operation_duration_seconds_count",
                          {{"db_system_name", system}, {"db_operation_name", operation}}),
                  0.0);
    for (const std::string state : {"idle", "used", "connecting"})
        EXPECT_TRUE(all.sum("db_client_connection_count", {{"db_client_connection_state", state}})) << state;
    EXPECT_EQ(all.sum("db_client_connection_wait_time_seconds_count"), 0.0);
    EXPECT_EQ(all.sum("beastmark_reconnects_total"), 0.0);
}

TEST(service_metrics, of_the_process_and_its_group_are_there) {
    service running(options_under_test());
    const auto all = metrics::scrape(running.admin_port());
    for (const std::string name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
          "process_start_time_seconds", "cgroup_cpu_limit_cores", "cgroup_cpu_periods_total",
          "cgroup_cpu_throttled_periods_total", "cgroup_cpu_throttled_seconds_total",
          "cgroup_memory_usage_bytes", "beastmark_build_info"})
        EXPECT_EQ(all.find(name).size(), 1U) << name;
    EXPECT_GT(all.sum("process_resident_memory_bytes").value_or(0), 1e6);
    EXPECT_GT(all.sum("process_open_fds").value_or(0), 3);
    EXPECT_GE(all.sum("process_max_fds").value_or(0), all.sum("process_open_fds").value_or(0));
    EXPECT_NEAR(all.sum("process_start_time_seconds").value_or(0), static_cast<double>(std::time(nullptr)),
                60);
    EXPECT_EQ(all.sum("beastmark_build_info"), 1.0);
    if (posts()) {
        std::vector<double> pools; // PostgreSQL's, of 8 by default or as asked for, and memcached's
        for (const auto& pool : all.find("db_client_connection_max"))
            pools.push_back(pool.value);
        EXPECT_THAT(pools, ::testing::Contains(8.0));
    }
}

TEST(service_metrics, count_every_request_exactly_once) {
    service running(options_under_test());
    const std::vector<std::pair<std::string, int>> mix = {
        {request_bytes(), 150},
        {request("GET", "/nowhere"), 20},
        {request("DELETE", "/api/devices"), 10},
        {request("PUT", "/api/devices"), 5},
        {request("GET", "/api/devices?q=1", posts() ? "" : body), 3},
    };
    int total = 0;
    http_client client(running.port());
    for (const auto& [bytes, times] : mix)
        for (int i = 0; i < times; ++i, ++total) {
            client.send(bytes);
            client.receive();
        }
    EXPECT_TRUE(wait_until([&] { return counted(running) >= total; }));
    EXPECT_EQ(counted(running), total);
    EXPECT_EQ(counted(running, {{"http_request_method", method()},
                                {"http_response_status_code", success()},
                                {"http_route", "/api/devices"}}),
              posts() ? 150 : 153);
    EXPECT_EQ(counted(running, {{"http_response_status_code", "404"}}), 20);
    EXPECT_EQ(counted(running, {{"http_response_status_code", "405"}}), posts() ? 18 : 15);
    EXPECT_GE(counted(running, {{"http_request_method", "_OTHER"}, {"http_response_status_code", "405"}}), 5);
    EXPECT_EQ(metrics::scrape(running.admin_port()).sum("http_server_active_requests"), 0.0);
    if (posts()) {
        const auto all = metrics::scrape(running.admin_port());
        EXPECT_EQ(all.sum("db_client_operation_duration_seconds_count", {{"db_operation_name", "INSERT"}}),
                  150.0);
        EXPECT_EQ(all.sum("db_client_operation_duration_seconds_count", {{"db_operation_name", "set"}}),
                  150.0);
    }
}

TEST(service_metrics, count_an_invented_method_as_other) {
    service running(options_under_test());
    http_client client(running.port());
    client.send(request("BREW", "/api/devices"));
    client.receive();
    EXPECT_TRUE(wait_until([&] { return counted(running) == 1; }));
    EXPECT_EQ(counted(running, {{"http_request_method", "_OTHER"}, {"http_response_status_code", "405"}}), 1);
}

TEST(service_metrics, do_not_count_probes_and_scrapes) {
    service running(options_under_test());
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(status_of(running.admin_port(), "/readyz"), 200);
    EXPECT_EQ(counted(running), 0);
}

TEST(service_metrics, follow_connections) {
    service running(options_under_test());
    std::vector<http_client> clients;
    for (int i = 0; i < 7; ++i)
        clients.emplace_back(running.port());
    const auto connections = [&] {
        return metrics::scrape(running.admin_port()).sum("beastmark_connections").value_or(-1);
    };
    EXPECT_TRUE(wait_until([&] { return connections() == 7; }));
    clients.erase(clients.begin(), clients.begin() + 5);
    EXPECT_TRUE(wait_until([&] { return connections() == 2; }));
    clients.clear();
    EXPECT_TRUE(wait_until([&] { return connections() == 0; }));
}

TEST(service_metrics, no_label_comes_from_input) {
    service running(options_under_test());
    http_client client(running.port());
    const auto series = [&] { return metrics::scrape(running.admin_port()).samples().size(); };
    const auto before = series();
    for (int i = 0; i < 50; ++i) {
        const std::string marker = "sentinel" + std::to_string(i);
        client.send(request("GET", "/" + marker + "?" + marker, {},
                            {"User-Agent: " + marker, marker + ": " + marker}));
        client.receive();
        http_client inventive(running.port()); // a parser may know a fixed list of methods, and close
        inventive.send(request("X" + marker, "/api/devices"));
        inventive.receive();
        if (posts()) {
            client.send(request("POST", "/api/devices",
                                R"({"mac":"EF-2B-C4-F5-D6-34","firmware":")" + marker + "\"}"));
            client.receive();
        }
    }
    const auto text = fetch(running.admin_port(), "GET", "/metrics").body;
    EXPECT_EQ(text.find("sentinel"), std::string::npos);
    EXPECT_EQ(series(), before);
}

TEST(service_metrics, have_a_type_line_each_and_names_as_prometheus_wants_them) {
    service running(options_under_test());
    const auto all = metrics::scrape(running.admin_port());
    std::set<std::pair<std::string, metric_labels>> seen;
    for (const auto& sample : all.samples()) {
        const auto family = family_of(all, sample.name);
        ASSERT_FALSE(family.empty()) << sample.name << " has no TYPE line";
        EXPECT_TRUE(seen.emplace(sample.name, sample.labels).second) << sample.name << " twice";
    }
    for (const auto& [family, type] : all.types()) {
        // A summary is what a library may add of its runtime; what the design names is none.
        EXPECT_THAT(type, ::testing::AnyOf("counter", "gauge", "histogram", "summary")) << family;
        EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
    }
}

TEST(service_metrics, histograms_have_twenty_buckets_to_a_decade) {
    service running(options_under_test());
    http_client client(running.port());
    client.send(request_bytes());
    client.receive();
    const auto all = metrics::scrape(running.admin_port());
    expect_histogram(all, duration, 100e-6);
    if (posts()) {
        expect_histogram(all, "db_client_operation_duration_seconds", 10e-6);
    }
}

TEST(service_metrics, carry_the_names_and_labels_of_the_design) {
    service running(options_under_test());
    const auto all = metrics::scrape(running.admin_port());
    std::map<std::string, std::set<std::string>> expected = {
        {duration, {"http_request_method", "http_route", "http_response_status_code", "url_scheme"}},
        {"http_server_active_requests", {}},
        {"beastmark_connections", {"core"}},
        {"beastmark_rejected_total", {"reason"}}};
    if (posts()) {
        expected["db_client_operation_duration_seconds"] = {"db_system_name", "db_operation_name",
                                                            "error_type"};
        expected["db_client_connection_count"] = {"db_client_connection_pool_name",
                                                  "db_client_connection_state"};
        expected["beastmark_reconnects_total"] = {"db_client_connection_pool_name"};
        expected["beastmark_connections_refused_total"] = {"db_client_connection_pool_name"};
    }
    for (const auto& sample : all.samples()) {
        const auto wanted = expected.find(family_of(all, sample.name));
        if (wanted == expected.end())
            continue;
        for (const auto& [label, value] : without_le(sample.labels))
            EXPECT_TRUE(wanted->second.contains(label)) << sample.name << " has a label " << label;
        for (const auto& label :
             wanted->second) // error_type is of failures only: OpenTelemetry leaves it out else
            EXPECT_TRUE(label == "error_type" || sample.labels.contains(label))
                << sample.name << " lacks " << label;
    }
}

} // namespace beastmark::testing
