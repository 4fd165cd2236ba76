// `loadgen capacity` as a user meets it, and the run whose stages are decided on the way. What a busy machine
// decides, which outcome a probe has, is not asserted.
#include "fault_server.hpp"
#include "loadgen/run.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

process_options capacity(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "capacity"});
    return {.arguments = std::move(arguments)};
}

TEST(loadgen_capacity, a_stage_added_during_a_run_goes_over_the_same_connections) {
    fault_server server(at_once);
    loadgen::run_options o;
    o.targets = {loadgen::parse_target(server.url())};
    const auto hold = [](loadgen::run_time duration, double rate) {
        return loadgen::stage{loadgen::stage_kind::hold, duration, rate, rate, 1};
    };
    o.stages = {hold(300ms, 100), hold(1h, 0)};
    o.connections = 4;
    o.threads = 2;
    o.timeout = 20s; // a request must not run into it because the machine is slow
    int asked = 0;
    const auto more = [&](const loadgen::run_record&,
                          loadgen::run_time now) -> std::optional<loadgen::schedule> {
        // What still waits of the first stage would be given up.
        if (now < 400ms || server.requests().size() < 30 || ++asked > 1)
            return std::nullopt;
        const auto begin = now + 300ms;
        return loadgen::schedule(std::vector{hold(300ms, 100), hold(begin - 300ms, 0), hold(300ms, 200)});
    };
    const auto record = loadgen::run(loadgen::make_plan(o), std::nullopt, {}, more);
    const auto& stages = record.targets.front().stages();
    ASSERT_EQ(stages.size(), 3u);
    EXPECT_EQ(stages[0].counts.of(loadgen::outcome::ok), 30u);
    EXPECT_EQ(stages[1].counts.offered, 0u);
    EXPECT_EQ(stages[2].counts.of(loadgen::outcome::ok), 60u);
    EXPECT_EQ(stages[2].counts.offered, 60u);
    EXPECT_EQ(server.connections(), 4u);
    EXPECT_EQ(record.duration, record.what.arrivals.duration());
}

TEST(loadgen_capacity, wrong_use_is_told_in_one_line) {
    const std::string url = "http://127.0.0.1:1/";
    const std::string slo = "p99<50ms";
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{url}, "--slo"},
        {{"--slo", slo}, "URL"},
        {{"--slo", "p99", url}, "'p99'"},
        {{"--slo", "p99<50ms && nonsense", url}, "'nonsense'"},
        {{"--slo", "p99<p50", url}, "compare with a value"},
        {{"--slo", "rps>100", url}, "the rate is what is searched"},
        {{"--slo", "other.p99<50ms", url}, "there is no target 'other'"},
        {{"--slo", slo, "--range", "1k", url}, "LOW..HIGH"},
        {{"--slo", slo, "--range", "10k..1k", url}, "--range '10k..1k'"},
        {{"--slo", slo, "--probe-duration", "1s", url}, "whole seconds from 2s"},
        {{"--slo", slo, "--probe-duration", "2500ms", url}, "whole seconds"},
        {{"--slo", slo, "--settle", "0s", url}, "--settle '0s'"},
        {{"--slo", slo, "--precision", "3", url}, "--precision '3'"},
        {{"--slo", slo, "--max-probes", "0", url}, "max-probes"},
    };
    for (const auto& [arguments, message] : cases) {
        const auto ended = run(capacity(arguments));
        EXPECT_EQ(ended.status.code, 2) << message << ": " << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(message));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    }
}

TEST(loadgen_capacity, tells_each_probe_and_writes_the_answer) {
    fault_server server([](const request_seen&) { return reply{{answer(503)}}; });
    const temporary_directory folder;
    const auto ended =
        run(capacity({"--slo", "p99<50ms", "--range", "50..500", "--probe-duration", "2s", "--max-probes",
                      "2", "-c", "4", "-o", folder.path().string(), server.url()}),
            60s);
    const auto result = read_json(folder.path() / "result.json");
    const auto& found = result["capacity"];
    // Nothing was answered as wanted: unless the machine took the time of both, the range is too high.
    const std::map<std::string, int> codes{{"below", 3}, {"generator-limited", 4}, {"unknown", 4}};
    const auto code = codes.find(found["answer"].get<std::string>());
    ASSERT_NE(code, codes.end()) << found["text"];
    EXPECT_EQ(ended.status.code, code->second);
    EXPECT_EQ(result["run"]["exit_code"], code->second);
    EXPECT_EQ(found["probes"].size(), 2u);
    EXPECT_EQ(found["probes"][0]["rate_rps"], 50);
    EXPECT_EQ(found["probes"][0]["objectives"]["error_rate<1%"]["pass"], false);
    EXPECT_EQ(found["objectives"][1]["slo"], "error_rate<1%"); // nobody asked for it
    EXPECT_THAT(ended.err, HasSubstr("probe 2 "));
    EXPECT_THAT(ended.out, HasSubstr(found["text"].get<std::string>()));
    const auto& target = *result["targets"].begin();
    ASSERT_EQ(target["stages"].size(), 4u); // a probe and a pause each
    EXPECT_EQ(target["stages"][0]["totals"]["offered"], 100);
    EXPECT_EQ(target["stages"][1]["totals"]["offered"], 0);
    EXPECT_EQ(target["stages"][2]["totals"]["offered"], 100);
    EXPECT_EQ(server.connections(), 4u);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "report.html"));
}

TEST(loadgen_capacity, an_interrupted_search_tells_what_is_known) {
    fault_server server(at_once);
    const temporary_directory folder;
    process search(capacity({"--slo", "p99<20s", "--timeout", "20s", "--range", "20..200", "--probe-duration",
                             "60s", "-c", "4", "-o", folder.path().string(), server.url()}));
    ASSERT_TRUE(wait_until([&] { return server.requests().size() > 5; }));
    search.signal(SIGINT);
    const auto status = search.wait(60s);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code, 130);
    EXPECT_THAT(search.out(), HasSubstr("PARTIAL, interrupted after 0 probes"));
    const auto result = read_json(folder.path() / "result.json");
    EXPECT_EQ(result["capacity"]["interrupted"], true);
    EXPECT_EQ(result["capacity"]["answer"], "unknown");
    EXPECT_EQ(result["run"]["exit_code"], 130);
    EXPECT_LT(result["run"]["planned_duration_s"], 61); // no pause that nobody has seen
}

} // namespace
} // namespace beastmark::testing
