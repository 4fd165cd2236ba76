#include "tests/end_to_end/result_file.hpp"

#include "tests/support/service.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

namespace beastmark::testing {

namespace {

using json = nlohmann::json;

std::vector<std::string> command_line(const temporary_directory& directory,
                                      std::vector<std::string> arguments) {
    std::vector<std::string> all = {built_program("loadgen"), "run", "--plain", "-o",
                                    directory.path() / "out"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    EXPECT_TRUE(in) << file;
    return (std::ostringstream() << in.rdbuf()).str();
}

void expect_fields(const json& object, const std::vector<std::string>& numbers,
                   const std::vector<std::string>& strings = {}) {
    ASSERT_TRUE(object.is_object()) << object;
    for (const auto& field : numbers)
        EXPECT_TRUE(object.contains(field) && object[field].is_number()) << field << " in " << object;
    for (const auto& field : strings)
        EXPECT_TRUE(object.contains(field) && object[field].is_string()) << field << " in " << object;
}

std::int64_t sum(const json& counts) {
    std::int64_t total = 0;
    for (const auto& count : counts)
        total += count.get<std::int64_t>();
    return total;
}

const std::vector<std::string> outcomes = {
    "ok",    "unexpected",     "http_3xx", "http_4xx",  "http_5xx", "timeout", "connect_error",
    "reset", "protocol_error", "skipped",  "unfinished"};

void expect_totals(const json& totals) {
    expect_fields(totals,
                  {"offered", "sent", "completed", "bytes_in", "bytes_out", "offered_rps", "achieved_rps"});
    expect_fields(totals.at("outcomes"), outcomes);
    EXPECT_EQ(totals["outcomes"].size(), outcomes.size());
    EXPECT_EQ(sum(totals["outcomes"]), totals["offered"]) << totals;
    EXPECT_EQ(sum(totals.at("statuses")), totals["completed"]) << totals;
    EXPECT_TRUE(totals.at("errors").is_object());
    const auto& availability = totals.at("availability");
    EXPECT_TRUE(availability.is_null() || (availability >= 0.0 && availability <= 1.0)) << availability;
}

/// Of the unfinished, those in flight at the end do not count against it: how many they were is not in the
/// file. (A stage's is over its seconds, as in the timeline.)
void expect_availability(const json& totals) {
    const auto offered = totals["offered"].get<double>();
    const double finished = offered - totals["outcomes"]["unfinished"].get<double>();
    const double ok = totals["outcomes"]["ok"];
    if (totals["availability"].is_null()) {
        EXPECT_EQ(finished, 0);
        return;
    }
    EXPECT_GE(totals["availability"].get<double>(), ok / offered - 1e-9);
    EXPECT_LE(totals["availability"].get<double>(), (finished > 0 ? ok / finished : 0) + 1e-9);
}

void expect_rising(const json& latency, const std::vector<std::string>& names) {
    double previous = 0;
    for (const auto& name : names) {
        if (latency.at("count") == 0) {
            EXPECT_TRUE(latency.at(name).is_null()) << latency;
            continue;
        }
        ASSERT_TRUE(latency.at(name).is_number()) << latency;
        EXPECT_GE(latency[name].get<double>(), previous) << name << " in " << latency;
        previous = latency[name];
    }
}

void expect_latency(const json& latency) {
    for (const std::string kind : {"response", "timed_out", "failed", "service", "first_byte", "connect",
                                   "generator_lag", "connection_wait", "unfinished"})
        expect_rising(latency.at(kind), {"min_us", "p50_us", "p75_us", "p90_us", "p95_us", "p99_us",
                                         "p999_us", "p9999_us", "max_us"});
}

void expect_validity(const json& validity) {
    expect_fields(validity, {"believable_s", "measured_s"}, {"verdict", "cause"});
    EXPECT_TRUE(validity.at("believable").is_boolean());
    EXPECT_LE(validity["believable_s"], validity["measured_s"]);
}

void expect_target(const json& target) {
    expect_fields(target, {}, {"url", "method"});
    expect_totals(target.at("totals"));
    expect_availability(target["totals"]);
    expect_latency(target.at("latency"));
    expect_latency(target.at("latency_believable"));
    expect_validity(target.at("validity"));
    expect_fields(target["validity"], {}, {"text"});
    EXPECT_EQ(target["latency"]["generator_lag"]["count"], target["totals"]["sent"]);
    EXPECT_EQ(target["latency"]["unfinished"]["count"], target["totals"]["outcomes"]["unfinished"]);
    std::int64_t offered = 0;
    for (const auto& stage : target.at("stages")) {
        expect_fields(stage, {"index", "start_s", "end_s", "from_rps", "to_rps"}, {"kind"});
        EXPECT_TRUE(stage.at("complete").is_boolean());
        expect_totals(stage.at("totals"));
        expect_latency(stage.at("latency"));
        expect_validity(stage.at("validity"));
        offered += stage["totals"]["offered"].get<std::int64_t>();
    }
    EXPECT_EQ(offered, target["totals"]["offered"]) << "stages do not add up";
    std::int64_t by_second = 0;
    std::int64_t outcomes_by_second = 0;
    for (const auto& second : target.at("timeline")) {
        expect_fields(second, {"t_s", "offered", "sent", "completed", "in_flight", "connections", "waiting"},
                      {"verdict", "cause"});
        expect_fields(second.at("evidence"), {"thread_cpu_share", "run_delay_share", "stall_max_us",
                                              "throttled_share", "steal_share", "retransmitted"});
        expect_rising(second.at("response"), {"p50_us", "p99_us", "p999_us", "max_us"});
        for (const std::string kind : {"service", "failed", "generator_lag", "connection_wait"})
            expect_rising(second.at(kind), {"p50_us", "p99_us", "p999_us", "max_us"});
        by_second += second["offered"].get<std::int64_t>();
        outcomes_by_second += sum(second.at("outcomes"));
    }
    EXPECT_EQ(by_second, target["totals"]["offered"]) << "seconds do not add up";
    EXPECT_LE(outcomes_by_second, target["totals"]["offered"]);
}

} // namespace

loadgen_run::loadgen_run(std::vector<std::string> arguments)
    : running({.arguments = command_line(directory, std::move(arguments))}) {}

json loadgen_run::result() const {
    return json::parse(contents(directory.path() / "out" / "result.json"));
}

std::string loadgen_run::report() const {
    return contents(directory.path() / "out" / "report.html");
}

finished_process loadgen(std::vector<std::string> arguments, process_options options) {
    arguments.insert(arguments.begin(), built_program("loadgen"));
    options.arguments = std::move(arguments);
    return run(options);
}

bool ran(const std::optional<exit_status>& status) {
    return status && status->signal == 0 && (status->code == 0 || status->code == 4);
}

bool believable(const json& result) {
    const auto& targets = result.at("targets");
    return std::all_of(targets.begin(), targets.end(),
                       [](const json& t) { return t.at("validity").at("believable").get<bool>(); });
}

void expect_valid_result(const json& result) {
    EXPECT_EQ(result.at("schema"), "loadgen.result/1");
    expect_fields(result.at("tool"), {}, {"name", "version", "revision"});
    expect_fields(result.at("run"), {"duration_s", "planned_duration_s", "exit_code"},
                  {"started_at", "ended_at"});
    EXPECT_TRUE(result["run"].at("interrupted").is_boolean());
    EXPECT_TRUE(result["run"].contains("stopped"));
    const auto& manifest = result.at("manifest");
    EXPECT_TRUE(manifest.at("argv").is_array());
    expect_fields(manifest, {}, {"command"});
    expect_fields(manifest.at("host"), {"cpus", "memory_bytes"}, {"name", "kernel", "cpu_model", "os"});
    EXPECT_EQ(manifest.at("placement").at(0).at("name"), "loadgen");
    EXPECT_TRUE(manifest.contains("cpu_quota_cores"));
    EXPECT_TRUE(manifest.at("labels").is_object());
    expect_fields(result.at("config"), {"threads", "connections", "timeout_s"}, {"arrivals", "method"});
    EXPECT_TRUE(result["config"].contains("expect_status"));
    for (const auto& stage : result["config"].at("stages"))
        expect_fields(stage, {"duration_s", "from_rps", "to_rps", "steps"}, {"kind"});
    ASSERT_FALSE(result.at("targets").empty());
    for (const auto& target : result["targets"])
        expect_target(target);
    EXPECT_TRUE(result.at("watched").is_object());
    EXPECT_TRUE(result["watched"].contains("loadgen"));
    EXPECT_TRUE(result.at("scraped").is_object());
}

} // namespace beastmark::testing
