// `loadgen doctor` as a user meets it.
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// 26 runs of at most two seconds.
constexpr auto longest = 90s;

process_options doctor(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "doctor"});
    return {.arguments = std::move(arguments)};
}

const nlohmann::json& check_named(const nlohmann::json& all, const std::string& name) {
    return *std::find_if(all.begin(), all.end(), [&](const auto& c) { return c["check"] == name; });
}

void expect_plausible(const nlohmann::json& found) {
    EXPECT_EQ(found["schema"], "loadgen.doctor/1");
    EXPECT_GE(found["timer"]["count"], 100);
    EXPECT_GT(found["timer"]["p50_us"], 0);
    EXPECT_GE(found["timer"]["worst_us"], found["timer"]["p50_us"]);
    EXPECT_GE(found["runs"].size(), 4u); // as many as it takes to give up
    EXPECT_GE(found["checks"].size(), 4u);
    if (found["clean_rps"].is_null()) { // busy with other tests
        EXPECT_EQ(found["latency_floor"], nullptr);
        return;
    }
    EXPECT_GE(found["clean_rps"], 125);
    EXPECT_GT(found["latency_floor"]["response"]["p50_us"], 0);
    EXPECT_GE(found["latency_floor"]["response"]["p99_us"], found["latency_floor"]["response"]["p50_us"]);
    EXPECT_GT(found["half"]["generator_lag"]["p999_us"], 0);
}

TEST(loadgen_doctor, wrong_use_is_told_in_one_line) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"--nonsense"}, "--nonsense"},
        {{"-R", "fast"}, "'fast'"},
        {{"-R", "0"}, "'0'"},
        {{"-c", "0"}, "connections"},
        {{"-t", "0"}, "threads"},
        {{"-d", "10ms"}, "-d '10ms'"},
        {{"-d", "2m"}, "from 1s to 1m"},
        {{"http://127.0.0.1/"}, "127.0.0.1"},
    };
    for (const auto& [arguments, message] : cases) {
        const auto ended = run(doctor(arguments));
        EXPECT_EQ(ended.status.code, 2) << message << ": " << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(message));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
        EXPECT_EQ(ended.out, "");
    }
}

TEST(loadgen_doctor, what_cannot_be_written_or_measured_is_told_before_it_is) {
    const auto unwritable = run(doctor({"--json", "/no/such/folder/doctor.json"}));
    EXPECT_EQ(unwritable.status.code, 1);
    EXPECT_THAT(unwritable.err, HasSubstr("there is no folder /no/such/folder"));
    auto options = doctor({"-t", "1"});
    options.descriptors = 100;
    const auto unmeasurable = run(options);
    EXPECT_EQ(unmeasurable.status.code, 1);
    EXPECT_THAT(unmeasurable.err, HasSubstr("descriptor limit 100 is too low"));
    EXPECT_THAT(unmeasurable.err, HasSubstr("ulimit -Hn 268"));
}

TEST(loadgen_doctor, prints_what_it_found_and_writes_it_as_json) {
    const temporary_directory folder;
    const auto file = folder.path() / "doctor.json";
    const auto ended = run(doctor({"--json", file.string()}), longest);
    ASSERT_EQ(ended.status.code, 0) << ended.err;
    EXPECT_EQ(ended.err, ""); // stderr is no terminal here: neither its own progress nor that of its runs
    EXPECT_THAT(ended.out, AnyOf(StartsWith("clean up to "), StartsWith("too busy to tell"),
                                 StartsWith("not clean even at ")));
    EXPECT_THAT(ended.out, HasSubstr("descriptors"));
    std::ifstream in(file);
    const auto found = nlohmann::json::parse(in);
    expect_plausible(found);
    EXPECT_EQ(found["exit_code"], 0);
    EXPECT_EQ(found["good"], nullptr);
    EXPECT_EQ(found["asked"]["rps"], nullptr);
    EXPECT_EQ(found["measured_with"]["connections"], 64);
}

TEST(loadgen_doctor, a_machine_that_is_not_good_for_the_rate_is_told_by_the_exit_code) {
    auto options = doctor({"-R", "1G", "-c", "500", "-t", "1", "--json", "-"});
    options.descriptors = 160;
    const auto ended = run(options, longest);
    ASSERT_EQ(ended.status.code, 3) << ended.err;
    const auto found = nlohmann::json::parse(ended.out);
    expect_plausible(found);
    EXPECT_EQ(found["exit_code"], 3);
    EXPECT_EQ(found["good"], false);
    EXPECT_EQ(found["asked"]["rps"], 1e9);
    EXPECT_EQ(check_named(found["checks"], "descriptors")["is"], "problem");
    EXPECT_EQ(found["asked"]["connections"], 500);
    EXPECT_EQ(found["measured_with"]["connections"], 10); // what both ends of have room in 160 descriptors
}

TEST(loadgen_doctor, an_interrupt_ends_it) {
    process running(doctor({"-d", "60s"}));
    std::this_thread::sleep_for(2500ms); // past the timers, within the first run
    running.signal(SIGINT);
    const auto ended = running.wait(30s);
    ASSERT_TRUE(ended);
    EXPECT_TRUE(ended->code == 130 || ended->signal == SIGINT) << to_string(*ended);
    EXPECT_EQ(running.out(), "");
}

} // namespace
} // namespace beastmark::testing
