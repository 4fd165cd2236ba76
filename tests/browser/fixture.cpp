#include "tests/browser/fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace beastmark::fixture {
namespace {

using nlohmann::json;

/// The same wobble in [-1, 1] for the same second: fixtures must not change from run to run.
double wobble(int second, int salt) {
    return std::sin(second * 12.9898 + salt * 78.233) * 0.7 + std::sin(second * 0.37 + salt) * 0.3;
}

struct second_figures {
    double asked = 0;
    double ok = 0;
    double p50_us = 0;
    double load = 0; // share of the capacity, at most 1
};

second_figures figures_at(const result_shape& shape, int second) {
    second_figures f;
    f.asked = shape.step_rps * (second / shape.seconds_per_stage + 1);
    f.ok = std::min(f.asked, shape.capacity_rps * (1 + 0.02 * wobble(second, 1)));
    f.load = std::min(1.0, f.asked / shape.capacity_rps);
    const double overload = std::max(0.0, f.asked / shape.capacity_rps - 1);
    f.p50_us = 400 * (1 + 0.1 * wobble(second, 2)) / (1.05 - f.load) + overload * 3e6;
    return f;
}

json latency(double p50_us, double count) {
    return {{"count", std::floor(count)}, {"min_us", p50_us * 0.4}, {"mean_us", p50_us * 1.1},
            {"p50_us", p50_us},           {"p75_us", p50_us * 1.3}, {"p90_us", p50_us * 1.8},
            {"p95_us", p50_us * 2.2},     {"p99_us", p50_us * 3.5}, {"p999_us", p50_us * 7},
            {"p9999_us", p50_us * 9},     {"max_us", p50_us * 11}};
}

json totals(double offered, double ok, double seconds) {
    offered = std::floor(offered);
    ok = std::floor(ok);
    return {{"offered", offered},
            {"sent", offered},
            {"completed", ok},
            {"bytes_in", ok * 230},
            {"bytes_out", offered * 180},
            {"offered_rps", offered / seconds},
            {"achieved_rps", ok / seconds},
            {"availability", offered > 0 ? json(ok / offered) : json(nullptr)},
            {"outcomes",
             {{"ok", ok}, {"unexpected", 0}, {"http_5xx", 0}, {"timeout", offered - ok}, {"unfinished", 0}}},
            {"statuses", {{"201", ok}}},
            {"errors", offered > ok ? json{{"timeout: no answer within 1s", offered - ok}} : json::object()}};
}

json second_entry(const result_shape& shape, int second) {
    const second_figures f = figures_at(shape, second);
    json outcomes{{"ok", std::floor(f.ok)}};
    if (f.asked > f.ok)
        outcomes["timeout"] = std::floor(f.asked - f.ok);
    return {{"t_s", second + 1.0},
            {"offered", f.asked},
            {"sent", f.asked},
            {"completed", std::floor(f.ok)},
            {"outcomes", outcomes},
            {"availability", f.ok / f.asked},
            {"in_flight", f.load * 60},
            {"connections", 64},
            {"waiting", 0},
            {"response", latency(f.p50_us, f.ok)},
            {"service", latency(std::min(f.p50_us, 4'000.0) * 0.8, f.ok)}};
}

json stage_entry(const result_shape& shape, int stage) {
    double offered = 0;
    double ok = 0;
    const int first = stage * shape.seconds_per_stage;
    for (int second = first; second < first + shape.seconds_per_stage; ++second) {
        offered += figures_at(shape, second).asked;
        ok += figures_at(shape, second).ok;
    }
    const double p50_us = figures_at(shape, first).p50_us;
    const double rate = shape.step_rps * (stage + 1);
    return {{"index", stage},
            {"kind", "step"},
            {"start_s", first},
            {"end_s", first + shape.seconds_per_stage},
            {"from_rps", rate},
            {"to_rps", rate},
            {"complete", !shape.stopped || stage + 1 < shape.stages},
            {"totals", totals(offered, ok, shape.seconds_per_stage)},
            {"latency", {{"response", latency(p50_us, ok)}, {"service", latency(p50_us * 0.8, ok)}}}};
}

json target(const result_shape& shape) {
    json timeline = json::array();
    json stages = json::array();
    double offered = 0;
    double ok = 0;
    const int seconds = shape.stages * shape.seconds_per_stage;
    for (int second = 0; second < seconds; ++second) {
        timeline.push_back(second_entry(shape, second));
        offered += figures_at(shape, second).asked;
        ok += figures_at(shape, second).ok;
    }
    for (int stage = 0; stage < shape.stages; ++stage)
        stages.push_back(stage_entry(shape, stage));
    return {{"url", "http://127.0.0.1:8180/api/devices"},
            {"method", shape.with_database ? "POST" : "GET"},
            {"totals", totals(offered, ok, seconds)},
            {"latency", {{"response", latency(900, ok)}, {"service", latency(700, ok)}}},
            {"stages", stages},
            {"timeline", timeline}};
}

json watched_process(const result_shape& shape, const std::string& command, int pid, double cores,
                     double mib) {
    json t = json::array(), cpu = json::array(), memory = json::array();
    for (int second = 0; second < shape.stages * shape.seconds_per_stage; ++second) {
        t.push_back(second + 1.0);
        cpu.push_back(cores * figures_at(shape, second).load * (1 + 0.05 * wobble(second, pid)));
        memory.push_back(std::floor(mib * 1048576 * (0.8 + 0.2 * figures_at(shape, second).load)));
    }
    return {{"pid", pid}, {"command", command}, {"cpus", "0"},
            {"t_s", t},   {"cpu_cores", cpu},   {"memory_bytes", memory}};
}

json gauge(const result_shape& shape, const std::string& state, double idle, double busy) {
    json values = json::array();
    for (int second = 0; second < shape.stages * shape.seconds_per_stage; ++second)
        values.push_back(std::round(idle + (busy - idle) * figures_at(shape, second).load));
    return {
        {"name", "db_client_connection_count"},
        {"labels", {{"db_client_connection_pool_name", "postgresql"}, {"db_client_connection_state", state}}},
        {"type", "gauge"},
        {"value", values}};
}

json operation(const result_shape& shape, const std::string& system, const std::string& name, double p50_s) {
    json rate = json::array(), p50 = json::array(), p99 = json::array();
    for (int second = 0; second < shape.stages * shape.seconds_per_stage; ++second) {
        const second_figures f = figures_at(shape, second);
        const bool gap = second == 7; // a scrape that failed
        rate.push_back(gap ? json(nullptr) : json(f.ok));
        p50.push_back(gap ? json(nullptr) : json(p50_s / (1.2 - f.load)));
        p99.push_back(gap ? json(nullptr) : json(p50_s * 5 / (1.2 - f.load)));
    }
    return {{"name", "db_client_operation_duration_seconds"},
            {"labels", {{"db_system_name", system}, {"db_operation_name", name}, {"error_type", ""}}},
            {"type", "histogram"},
            {"rate_per_s", rate},
            {"p50_s", p50},
            {"p99_s", p99}};
}

void add_database(json& result, const result_shape& shape) {
    result["watched"]["postgres"] = watched_process(shape, "postgres -D data", 301, 0.7, 160);
    result["watched"]["memcached"] = watched_process(shape, "memcached -p 11211", 302, 0.08, 40);
    json t = json::array();
    for (int second = 0; second < shape.stages * shape.seconds_per_stage; ++second)
        t.push_back(second + 1.0);
    json series{operation(shape, "postgresql", "INSERT", 0.0004),
                operation(shape, "memcached", "set", 0.00006),
                gauge(shape, "used", 1, 7),
                gauge(shape, "idle", 7, 1),
                {{"name", "process_open_fds"}, {"labels", json::object()}, {"type", "gauge"}, {"value", t}}};
    result["scraped"][shape.target] = {{"url", "http://127.0.0.1:8181/metrics"},
                                       {"failures", 1},
                                       {"last_failure", "connect: Connection refused"},
                                       {"t_s", t},
                                       {"series", series}};
}

} // namespace

json staircase(const result_shape& shape) {
    const double seconds = shape.stages * shape.seconds_per_stage;
    json result = empty();
    result["targets"] = {{shape.target, target(shape)}};
    result["run"]["duration_s"] = seconds;
    result["run"]["planned_duration_s"] = seconds + (shape.stopped ? 60 : 0);
    if (shape.stopped)
        result["run"]["stopped"] = {
            {"target", shape.target}, {"condition", "availability<90% for 5s"}, {"at_s", seconds - 0.5}};
    result["watched"][shape.target] = watched_process(shape, shape.target + " --port 8180", 300, 0.95, 12);
    result["watched"]["loadgen"] = watched_process(shape, "loadgen run", 299, 0.5, 9);
    if (shape.with_database)
        add_database(result, shape);
    return result;
}

json staircase_over_addresses(const result_shape& shape) {
    json result = staircase(shape);
    const auto address = [](const char* where, double answers, double share, double p50_us) -> json {
        return {{"address", where},
                {"connections_opened", answers > 0 ? 22 : 0},
                {"attempts_failed", answers > 0 ? 0 : 21},
                {"errors", answers > 0 ? json::object() : json{{"connect: Connection refused", 21}}},
                {"answered", answers},
                {"share", share},
                {"outcomes", answers > 0 ? json{{"ok", answers}, {"reset", 3}} : json::object()},
                {"response", answers > 0 ? latency(p50_us, answers) : json{{"count", 0}}}};
    };
    const auto finding = [](const char* where, const char* kind, const std::string& text) -> json {
        return {{"address", where}, {"kind", kind}, {"text", where + (" is " + text)}};
    };
    result["targets"][shape.target]["addresses"] = {
        {"list",
         {address("10.0.0.1:8080", 12'345, 0.5, 1'000), address("10.0.0.2:8080", 12'300, 0.5, 20'000),
          address("10.0.0.3:8080", 0, 0, 0)}},
        {"imbalance", {{"share_of_fair", 1.5}, {"p99_of_median", 20.0}}},
        {"findings",
         {finding("10.0.0.3:8080", "dead", "dead: none of 21 attempts to connect succeeded"),
          finding("10.0.0.2:8080", "slow", "slow: its p99 is 70 ms")}}};
    return result;
}

json empty() {
    const json nothing{
        {"count", 0}, {"min_us", nullptr}, {"p50_us", nullptr}, {"p99_us", nullptr}, {"max_us", nullptr}};
    json t = totals(0, 0, 1);
    return {{"schema", "loadgen.result/1"},
            {"tool", {{"name", "loadgen"}, {"version", "0.1.0"}, {"revision", "abc1234"}}},
            {"run",
             {{"started_at", "2026-01-31T10:00:00.123Z"},
              {"ended_at", "2026-01-31T10:01:00.123Z"},
              {"duration_s", 0.0},
              {"planned_duration_s", 60.0},
              {"interrupted", false},
              {"stopped", nullptr},
              {"exit_code", 0}}},
            {"manifest",
             {{"argv", {"loadgen", "run"}},
              {"command", "loadgen run --stage 40s:1000..8000/8 -c 64 --stop-when 'availability<90% for 5s' "
                          "http://127.0.0.1:8180/api/devices"},
              {"host",
               {{"name", "bench-1"},
                {"kernel", "6.1.0"},
                {"cpu_model", "An ordinary processor"},
                {"cpus", 2},
                {"memory_bytes", 8589934592},
                {"os", "Debian GNU/Linux 12 (bookworm)"}}},
              {"placement",
               {{{"name", "loadgen"}, {"pid", 299}, {"cpus", "1"}},
                {{"name", "ingest"}, {"pid", 300}, {"cpus", "0"}}}},
              {"cpu_quota_cores", nullptr},
              {"labels", {{"postgresql", "15.8"}, {"placement", "services on CPU 0, loadgen on CPU 1"}}}}},
            {"config",
             {{"arrivals", "uniform"},
              {"threads", 1},
              {"connections", 64},
              {"timeout_s", 1.0},
              {"method", "POST"},
              {"expect_status", nullptr},
              {"stages", json::array()}}},
            {"targets",
             {{"ingest",
               {{"url", "http://127.0.0.1:8180/api/devices"},
                {"method", "POST"},
                {"totals", t},
                {"latency", {{"response", nothing}, {"service", nothing}}},
                {"stages", json::array()},
                {"timeline", json::array()}}}}},
            {"watched", json::object()},
            {"scraped", json::object()}};
}

} // namespace beastmark::fixture
