// Where the options of a run come from, as a user meets it: files, environment, results; and files for
// others.
#include "fault_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class loadgen_settings : public ::testing::Test {
protected:
    finished_process loadgen(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
        arguments.insert(arguments.begin(), BEASTMARK_BIN_DIR "/loadgen");
        return run({.arguments = std::move(arguments),
                    .environment = std::move(environment),
                    .directory = folder.path().string()});
    }

    void write(const std::string& name, const std::string& content) {
        std::ofstream(folder.path() / name) << content;
    }

    std::string text(const std::string& name) {
        std::ifstream file(folder.path() / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    nlohmann::json json(const std::string& name) { return nlohmann::json::parse(text(name)); }

    static void expect_wrong_use(const finished_process& ended, const std::string& message) {
        EXPECT_EQ(ended.status.code, 2);
        EXPECT_EQ(ended.out, "");
        EXPECT_THAT(ended.err, HasSubstr(message));
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    }

    temporary_directory folder;
    fault_server server{at_once};
};

TEST_F(loadgen_settings, a_run_of_a_file_the_environment_and_flags_is_run_again_from_its_result) {
    write("body.json", "{\"a\": 1}");
    write("load.toml", "url = '" + server.url("/file") +
                           "'\nrate = 10\nduration = '60s'\nconnections = 2\nbody = '@body.json'\n"
                           "header = ['Authorization: Bearer x', 'X-One: 1']\ntimeout = '20s'\n");
    const auto first = loadgen({"run", "--config", "load.toml", "-R", "100", "-o", "first"},
                               {"LOADGEN_DURATION=200ms", "LOADGEN_RATE=7"});
    ASSERT_THAT(first.status.code, AnyOf(0, 4)) << first.err;
    ASSERT_EQ(server.requests().size(), 20u) << "the typed rate for the environment's time";
    EXPECT_THAT(server.requests()[0].head, HasSubstr("POST /file "));
    EXPECT_THAT(server.requests()[0].head, HasSubstr("Authorization: Bearer x"));
    EXPECT_EQ(server.requests()[0].body, "{\"a\": 1}");

    const auto manifest = json("first/result.json")["manifest"];
    EXPECT_THAT(manifest["command"], HasSubstr("--duration=200ms"));
    EXPECT_THAT(manifest["command"], Not(HasSubstr("--config")));
    EXPECT_THAT(text("first/result.json"), Not(HasSubstr("Bearer")));
    EXPECT_THAT(text("first/report.html"), Not(HasSubstr("Bearer")));

    expect_wrong_use(loadgen({"run", "--again", "first/result.json"}), "give -H 'Authorization: ...'");
    expect_wrong_use(loadgen({"capacity", "--again", "first/result.json"}),
                     "it was made by loadgen run: loadgen run --again first/result.json");
    const auto again = loadgen({"run", "--again", "first/result.json", "-R", "50", "-H", "Authorization: y"});
    ASSERT_THAT(again.status.code, AnyOf(0, 4)) << again.err;
    EXPECT_THAT(again.err, HasSubstr("without its --output"));
    ASSERT_EQ(server.requests().size(), 30u);
    EXPECT_THAT(server.requests()[20].head, HasSubstr("Authorization: y"));
    EXPECT_THAT(server.requests()[20].head, HasSubstr("X-One: 1"));
    EXPECT_EQ(server.requests()[20].body, "{\"a\": 1}");
}

TEST_F(loadgen_settings, nothing_that_is_written_holds_the_value_of_a_typed_secret) {
    const auto ran = loadgen({"run", "-R", "50", "-d", "200ms", "-H", "Authorization: Bearer x",
                              "-HCookie: y=z", "-o", "typed", server.url("/")});
    ASSERT_THAT(ran.status.code, AnyOf(0, 4)) << ran.err;
    EXPECT_THAT(server.requests()[0].head, AllOf(HasSubstr("Bearer x"), HasSubstr("y=z")));
    for (const auto& file : std::filesystem::directory_iterator(folder.path() / "typed"))
        EXPECT_THAT(text("typed/" + file.path().filename().string()),
                    Not(AnyOf(HasSubstr("Bearer"), HasSubstr("y=z"))))
            << file.path();
}

TEST_F(loadgen_settings, print_config_tells_what_would_run_and_runs_nothing) {
    const auto printed = loadgen({"run", "-R", "2k", "--print-config", "http://127.0.0.1:1/"},
                                 {"LOADGEN_STAGE=1s:5", "LOADGEN_SLO=p99<1s\nrps>5"});
    EXPECT_EQ(printed.status.code, 0) << printed.err;
    EXPECT_THAT(printed.out, HasSubstr("\nrate = \"2k\"\n"));
    EXPECT_THAT(printed.out, HasSubstr("\nslo = [\"p99<1s\", \"rps>5\"]\n"));
    EXPECT_THAT(printed.out, Not(HasSubstr("\nstage =")));
    write("printed.toml", printed.out);
    EXPECT_EQ(loadgen({"run", "--config", "printed.toml", "--print-config"}).out, printed.out);
    EXPECT_EQ(loadgen({"capacity", "--slo", "p99<1s", "--print-config", "http://127.0.0.1:1/"}).status.code,
              0);
    expect_wrong_use(loadgen({"run", "-R", "fast", "--print-config", "http://127.0.0.1:1/"}), "'fast'");
}

TEST_F(loadgen_settings, a_mistake_is_told_with_the_place_where_it_stands) {
    write("t.toml", "rate = 10\nconections = 5\n");
    expect_wrong_use(loadgen({"run", "--config", "t.toml", server.url()}), "did you mean 'connections'?");
    write("t.toml", "rate = 10\n\nconnections = 0\n");
    expect_wrong_use(loadgen({"run", "--config", "t.toml", server.url()}), "(t.toml, line 3)");
    write("t.toml", "rate = 10\nduration = 'soon'\n");
    expect_wrong_use(loadgen({"run", "--config", "t.toml", server.url()}), "(t.toml, line 2)");
    expect_wrong_use(loadgen({"run", server.url()}, {"LOADGEN_RATE=fast"}), "(LOADGEN_RATE)");
    EXPECT_EQ(loadgen({"run", "--config", "no.toml", server.url()}).status.code, 1);
}

TEST_F(loadgen_settings, files_for_other_tools_are_written) {
    const auto ended = loadgen({"run", "--k6-stage", "0s:50", "--k6-stage", "400ms:50", "--timeout", "20s",
                                "--slo", "error_rate<1%", "--k6-summary", "s.json", "--k6-summary-export",
                                "e.json", "--hdrplot", "p.txt", server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    const auto summary = json("s.json")["metrics"];
    EXPECT_EQ(summary["http_reqs"]["values"]["count"], 20);
    EXPECT_GT(summary["http_req_duration"]["values"]["p(95)"], 0.0);
    EXPECT_TRUE(summary["http_req_failed"]["thresholds"].contains("error_rate<1%"));
    EXPECT_EQ(json("e.json")["metrics"]["http_req_failed"]["fails"], 20);
    EXPECT_THAT(text("p.txt"), HasSubstr(" 20 "));
    const auto refused = loadgen({"run", "-R", "10", "--k6-summary", "no/s.json", server.url()});
    EXPECT_EQ(refused.status.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("there is no folder no"));
    expect_wrong_use(loadgen({"run", "--k6-stage", "1s:5", "-R", "5", server.url()}), "leave out -R");
    expect_wrong_use(loadgen({"run", "--k6-stage", "1s", server.url()}), "DURATION:TARGET");
}

TEST_F(loadgen_settings, clients_join_and_think_as_the_reference_tester_has_it) {
    write("Tester.toml", "[test]\nrequest = 'get'\nmin_clients = 1\nmax_clients = 2\nstage_interval_s = 1\n"
                         "request_delay_ms = 100\nrequest_timeout_ms = 20000\n");
    const auto ended =
        loadgen({"run", "--reference-config", "Tester.toml", "-o", "out", "-t", "1", server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("1 to 2 clients, one more every 1s, think 100ms: coordinated"));
    const auto result = json("out/result.json");
    EXPECT_EQ(result["config"]["loop"], "closed");
    EXPECT_EQ(result["config"]["clients"]["last"], 2);
    const auto& stages = result["targets"]["target"]["stages"];
    ASSERT_EQ(stages.size(), 2u);
    EXPECT_GE(stages[0]["totals"]["sent"], 1);
    EXPECT_LE(stages[0]["totals"]["sent"], 10) << "one client, a request each 100 ms at most";
    EXPECT_LE(stages[1]["totals"]["sent"], 20);
    bool second = false;
    for (const auto& seen : server.requests())
        second = second || seen.connection == 1;
    EXPECT_TRUE(second);
    expect_wrong_use(loadgen({"run", "--clients", "5..1", "--step-every", "1s", server.url()}),
                     "--clients '5..1'");
    expect_wrong_use(loadgen({"run", "--clients", "1..5", server.url()}), "give --step-every");
    expect_wrong_use(loadgen({"run", "-R", "5", "--think", "1s", server.url()}),
                     "give --clients or --closed");
    expect_wrong_use(loadgen({"run", "-R", "5", "--clients", "2", server.url()}), "leave out -R");
    expect_wrong_use(loadgen({"run", "--step-every", "1s", "--closed", server.url()}), "give --clients A..B");
}

} // namespace
} // namespace beastmark::testing
