// What a run costs: the CPU of a real process, and that which a Prometheus tells.
#include "fault_server.hpp"
#include "loadgen/efficiency/prometheus_cpu.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <ctime>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace beastmark::testing {
namespace {

using namespace std::chrono_literals;
using loadgen::efficiency::found_cpu;
using loadgen::efficiency::prometheus_cpu;
using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

loadgen::url at(const std::string& text) {
    return loadgen::url::parse(text);
}

std::chrono::system_clock::time_point unix_time(std::int64_t seconds) {
    return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

finished_process run_loadgen(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "run", "--timeout", "20s"});
    return run({.arguments = std::move(arguments)});
}

json result_in(const temporary_directory& folder) {
    std::ifstream file(folder.path() / "result.json");
    return json::parse(file);
}

/// Of this thread.
std::chrono::nanoseconds cpu_time() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

TEST(loadgen_efficiency, cpu_and_money_of_a_watched_process_are_in_summary_result_and_report) {
    fault_server server([](const request_seen&) {
        const auto until = cpu_time() + 2ms;
        while (cpu_time() < until) {
        }
        return reply{{answer()}};
    });
    const temporary_directory folder;
    const auto ended =
        run_loadgen({"--stage", "1s:50", "--stage", "1s:100", "--stage", "1s:50", "-c", "2", "--slo",
                     "p99<20s", "--price-per-hour", "0.36", "--watch", fmt::format("svc={}", ::getpid()),
                     "-o", folder.path().string(), "svc=" + server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("efficiency of svc: "));
    EXPECT_THAT(ended.out, HasSubstr("recovery of svc: "));
    const auto result = result_in(folder);
    const auto& found = result["efficiency"]["svc"];
    EXPECT_EQ(found["source"], "watch");
    EXPECT_EQ(found["why_not"], nullptr);
    ASSERT_EQ(found["stages"].size(), 3u);
    EXPECT_GT(found["total"]["cpu_us_per_request"], 1000.0) << "2 ms each, and what the server takes";
    const double per_core = found["total"]["rps_per_core"];
    EXPECT_NEAR(found["total"]["cpu_us_per_request"].get<double>() * per_core, 1e6, 1);
    const double achieved = found["stages"][1]["achieved_rps"];
    EXPECT_NEAR(found["stages"][1]["cost_per_million"].get<double>(), 0.36 / 3600 / achieved * 1e6, 1e-9);
    const auto& recovered = result["targets"]["svc"]["recovery"];
    ASSERT_EQ(recovered["pairs"].size(), 1u);
    EXPECT_EQ(recovered["pairs"][0]["down_stage"], 2);
}

TEST(loadgen_efficiency, without_what_a_target_costs_nothing_is_said_of_it) {
    fault_server server(at_once);
    const temporary_directory folder;
    const auto ended = run_loadgen({"-R", "20", "-d", "300ms", "-o", folder.path().string(), server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_EQ(ended.out.find("efficiency"), std::string::npos);
    EXPECT_EQ(ended.out.find("recovery"), std::string::npos);
    EXPECT_EQ(result_in(folder)["efficiency"], json::object());
    EXPECT_EQ(result_in(folder)["targets"]["target"]["recovery"], nullptr);
}

TEST(loadgen_efficiency, a_prometheus_that_does_not_answer_costs_the_run_nothing_else) {
    fault_server server(at_once);
    const temporary_directory folder;
    const auto ended = run_loadgen({"-R", "20", "-d", "300ms", "--prometheus", "http://127.0.0.1:1", "-o",
                                    folder.path().string(), server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("not known: the Prometheus at http://127.0.0.1:1"));
    const auto result = result_in(folder);
    EXPECT_EQ(result["targets"]["target"]["totals"]["offered"], 6);
    EXPECT_THAT(result["efficiency"]["target"]["why_not"].get<std::string>(),
                HasSubstr("connect: Connection refused"));
}

/// A Prometheus that knows the record `known`, 1 core in the first 30 s and 2 in the 30 s after them.
class made_up_prometheus {
public:
    explicit made_up_prometheus(std::string known) : known_(std::move(known)) {}

    [[nodiscard]] std::string url() const { return server_.url("/behind/a/proxy"); }

    [[nodiscard]] std::vector<request_seen> asked() const { return server_.requests(); }

private:
    [[nodiscard]] reply tell(const request_seen& request) const {
        json values = json::array();
        if (request.head.find("sum%28beastmark%3A" + known_ + "%3Acores%7Bjob%3D%22svc%22%7D%29") !=
            std::string::npos)
            for (int t = 0; t <= 60; t += 5)
                values.push_back({1'700'000'000 + t, t < 35 ? "1" : "2"});
        const json body{
            {"status", "success"},
            {"data",
             {{"resultType", "matrix"},
              {"result", values.empty() ? json::array()
                                        : json::array({{{"metric", json::object()}, {"values", values}}})}}}};
        return {{answer(200, body.dump(), "Content-Type: application/json\r\n")}, {}, and_then::close};
    }

    std::string known_;
    fault_server server_{[this](const request_seen& request) { return tell(request); }};
};

TEST(prometheus_cpu_of_a_run, is_asked_for_its_time_and_kept_to_its_stages) {
    const made_up_prometheus prometheus("process_cpu");
    const auto found = prometheus_cpu(at(prometheus.url()), "svc", unix_time(1'700'000'000), 60s);
    ASSERT_TRUE(found.series) << found.why_not;
    ASSERT_EQ(prometheus.asked().size(), 1u);
    EXPECT_THAT(prometheus.asked()[0].head, StartsWith("GET /behind/a/proxy/api/v1/query_range?query="));
    EXPECT_THAT(prometheus.asked()[0].head,
                HasSubstr("&start=1700000000.000&end=1700000060.000&step=5.000 HTTP/1.1\r\n"));
    EXPECT_EQ(found.series->mean_cores(0, 30), 1);
    EXPECT_EQ(found.series->mean_cores(30, 60), 2);
    EXPECT_FALSE(found.series->mean_cores(30, 50)) << "shorter than the rule looks back";
    EXPECT_EQ(found.series->of, "sum(beastmark:process_cpu:cores{job=\"svc\"}) at " + prometheus.url());
}

TEST(prometheus_cpu_of_a_run, is_cadvisors_where_the_process_does_not_tell_its_own) {
    const made_up_prometheus prometheus("app_cpu");
    const auto found = prometheus_cpu(at(prometheus.url()), "svc", unix_time(1'700'000'000), 60s);
    ASSERT_TRUE(found.series) << found.why_not;
    EXPECT_EQ(found.series->mean_cores(0, 60), 2) << "samples from 45 s on";
    EXPECT_FALSE(found.series->mean_cores(0, 40));
}

TEST(prometheus_cpu_of_a_run, a_series_that_is_not_there_is_told_with_the_way_out) {
    const made_up_prometheus prometheus("process_cpu");
    const auto found = prometheus_cpu(at(prometheus.url()), "other", unix_time(1'700'000'000), 60s);
    EXPECT_FALSE(found.series);
    EXPECT_THAT(found.why_not, HasSubstr("has neither beastmark:process_cpu:cores nor "
                                         "beastmark:app_cpu:cores of job=\"other\""));
    EXPECT_THAT(found.why_not, HasSubstr("deploy/monitoring/rules"));
}

TEST(prometheus_cpu_of_a_run, of_a_long_one_no_more_points_are_asked_for_than_it_answers) {
    const made_up_prometheus prometheus("process_cpu");
    prometheus_cpu(at(prometheus.url()), "svc", unix_time(1'700'000'000), 100h);
    EXPECT_THAT(prometheus.asked()[0].head, HasSubstr("&step=36.000 "));
}

TEST(prometheus_cpu_of_a_run, what_the_prometheus_complains_of_is_told) {
    const fault_server server([](const request_seen&) {
        return reply{
            {answer(422, R"({"status":"error","errorType":"execution","error":"too many samples"})")}};
    });
    EXPECT_THAT(prometheus_cpu(at(server.url()), "svc", unix_time(1'700'000'000), 60s).why_not,
                HasSubstr("did not answer sum(beastmark:process_cpu:cores{job=\"svc\"}): execution: too many "
                          "samples"));
}

/// Debian's, with records of the past in it.
class real_prometheus {
public:
    /// A sample every 5 s, as the rule makes them: 0.5 cores up to 30 s after `start`, then 2.
    explicit real_prometheus(std::int64_t start) {
        const auto file = folder_.path() / "records";
        std::ofstream records(file);
        records << "# TYPE beastmark:process_cpu:cores gauge\n";
        for (std::int64_t t = 0; t <= 60; t += 5)
            records << fmt::format("beastmark:process_cpu:cores{{job=\"svc\"}} {} {}\n", t <= 30 ? 0.5 : 2,
                                   start + t);
        records << "# EOF\n";
        records.close();
        std::ofstream(folder_.path() / "prometheus.yml") << "scrape_configs: []\n";
        const auto made = run({.arguments = {"promtool", "tsdb", "create-blocks-from", "openmetrics",
                                             file.string(), (folder_.path() / "data").string()}});
        if (made.status.code != 0)
            throw std::runtime_error("promtool: " + made.out + made.err);
        port_ = free_port();
        process_ = process(
            {.arguments = {"prometheus", "--config.file=" + (folder_.path() / "prometheus.yml").string(),
                           "--storage.tsdb.path=" + (folder_.path() / "data").string(),
                           "--storage.tsdb.retention.time=10y",
                           fmt::format("--web.listen-address=127.0.0.1:{}", port_)}});
    }

    [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

    [[nodiscard]] std::string log() const { return process_.err(); }

private:
    temporary_directory folder_;
    std::uint16_t port_ = 0;
    process process_;
};

TEST(prometheus_cpu_of_a_run, is_what_a_real_prometheus_has) {
    try {
        run({.arguments = {"prometheus", "--version"}});
        run({.arguments = {"promtool", "--version"}});
    } catch (const std::system_error&) {
        GTEST_SKIP() << "there is no prometheus here: it comes with ./bench setup stack";
    }
    constexpr std::int64_t start = 1'750'000'000;
    const real_prometheus prometheus(start);
    found_cpu found;
    ASSERT_TRUE(wait_until(
        [&] {
            found = prometheus_cpu(at(prometheus.url()), "svc", unix_time(start), 60s);
            return found.series.has_value();
        },
        patience, 100ms))
        << found.why_not << prometheus.log();
    EXPECT_EQ(found.series->mean_cores(0, 30), 0.5);
    EXPECT_EQ(found.series->mean_cores(30, 60), 2);
    EXPECT_THAT(prometheus_cpu(at(prometheus.url()), "other", unix_time(start), 60s).why_not,
                HasSubstr("has neither"));
}

} // namespace
} // namespace beastmark::testing
