#include "loadgen/command_line.hpp"
#include "loadgen/secrets.hpp"
#include "loadgen/settings/config_file.hpp"
#include "loadgen/settings/environment.hpp"
#include "loadgen/settings/settled.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace beastmark::loadgen::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using words = std::vector<std::string>;

// Of the environment, for the time of a test.
class variable {
public:
    variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }

    ~variable() { ::unsetenv(name_); }

    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;

private:
    const char* name_;
};

class settled : public ::testing::Test {
protected:
    std::string file(const std::string& name, const std::string& content) {
        const auto path = folder_.path() / name;
        std::ofstream(path) << content;
        return path.string();
    }

    std::string result(const words& argv, const std::string& directory = "/of/the/run") {
        return file("result.json",
                    nlohmann::json{{"manifest", {{"argv", argv}, {"directory", directory}}}}.dump());
    }

    // What is given in the end, by key.
    static std::map<std::string, words> options_of(words argv) {
        argv.insert(argv.begin(), {"loadgen", "run"});
        command_line line;
        line.parse(settle(std::move(argv)).argv);
        std::map<std::string, words> all;
        for (const auto* const option : settable(*line.run_app))
            if (option->count() > 0)
                all[key_of(*option)] = option->results();
        return all;
    }

    static std::string refusal(words argv) {
        try {
            options_of(std::move(argv));
        } catch (const std::exception& problem) {
            return problem.what();
        }
        return "accepted";
    }

private:
    beastmark::testing::temporary_directory folder_;
};

TEST_F(settled, what_is_only_typed_stays_as_it_was_typed) {
    const words argv{"loadgen", "run", "-R10k", "--closed=false", "http://127.0.0.1:1/"};
    EXPECT_EQ(settle(argv).argv, argv);
    EXPECT_EQ(settle({"loadgen"}).argv, words{"loadgen"});
    const words doctor{"loadgen", "doctor", "-R", "5"};
    const variable rate("LOADGEN_RATE", "7");
    EXPECT_EQ(settle(doctor).argv, doctor) << "has no --config, so nothing from elsewhere";
}

TEST_F(settled, typed_goes_before_the_environment_and_that_before_the_file) {
    const auto config = file("t.toml", "url = 'http://file/'\nrate = 1\nconnections = 1\nduration = '1s'\n");
    const variable rate("LOADGEN_RATE", "2");
    const variable connections("LOADGEN_CONNECTIONS", "2");
    const variable empty("LOADGEN_DURATION", "");
    const auto all = options_of({"--config", config, "-R", "3"});
    EXPECT_THAT(all.at("rate"), ElementsAre("3"));
    EXPECT_THAT(all.at("connections"), ElementsAre("2"));
    EXPECT_THAT(all.at("duration"), ElementsAre("1s"));
    EXPECT_THAT(all.at("url"), ElementsAre("http://file/"));
}

TEST_F(settled, a_required_option_may_stand_in_the_environment) {
    const variable slo("LOADGEN_SLO", "p99<1s\nerror_rate<1%\n");
    const variable url("LOADGEN_URL", "http://127.0.0.1:1/");
    command_line line;
    line.parse(settle({"loadgen", "capacity"}).argv);
    EXPECT_THAT(line.capacity.slos, ElementsAre("p99<1s", "error_rate<1%"));
    EXPECT_EQ(line.capacity.load.url, "http://127.0.0.1:1/");
}

TEST_F(settled, of_a_repeatable_option_the_first_layer_that_has_it_has_it_alone) {
    const auto config = file("t.toml", "slo = ['p99<1s', 'rps>1']\nlabel = ['a=b']\n");
    const auto all = options_of({"--config", config, "--slo", "p50<1s"});
    EXPECT_THAT(all.at("slo"), ElementsAre("p50<1s"));
    EXPECT_THAT(all.at("label"), ElementsAre("a=b"));
}

TEST_F(settled, what_excludes_one_another_gives_way_to_the_layer_before) {
    const auto staged = file("t.toml", "stage = ['1s:1']\ntarget = ['a=http://x/']\nwarmup = '1s'\n");
    const auto by_rate = options_of({"--config", staged, "-R", "5", "http://y/"});
    EXPECT_FALSE(by_rate.contains("stage"));
    EXPECT_FALSE(by_rate.contains("target"));
    EXPECT_TRUE(by_rate.contains("warmup"));
    const auto rated = file("r.toml", "rate = 5\nduration = '1s'\n");
    EXPECT_FALSE(options_of({"--config", rated, "--stage", "1s:1"}).contains("duration"));
    EXPECT_FALSE(options_of({"--config", rated, "--closed"}).contains("rate"));
    EXPECT_TRUE(options_of({"--config", rated, "--closed"}).contains("duration"));
    EXPECT_TRUE(options_of({"--config", rated, "--closed=false"}).contains("rate"));
    const auto stepped = file("c.toml", "duration = '1s'\nstep-every = '2s'\n");
    const auto held = options_of({"--config", stepped, "--clients", "3"});
    EXPECT_TRUE(held.contains("duration"));
    EXPECT_FALSE(held.contains("step-every"));
    const auto ramped = options_of({"--config", stepped, "--clients", "1..3"});
    EXPECT_FALSE(ramped.contains("duration"));
    EXPECT_TRUE(ramped.contains("step-every"));
    const auto both = file("b.toml", "rate = 5\nstage = ['1s:1']\n");
    EXPECT_TRUE(options_of({"--config", both}).contains("stage")) << "for the check to refuse";
    EXPECT_TRUE(options_of({"--config", both}).contains("rate"));
}

TEST_F(settled, values_arrive_as_they_are) {
    const auto config =
        file("t.toml", "body = ''\nheader = ['A: -x, [y]', 'B: #\"']\nname = '-R 5'\nspin = false\n");
    const auto all = options_of({"--config", config, "-R", "1"});
    EXPECT_THAT(all.at("body"), ElementsAre(""));
    EXPECT_THAT(all.at("header"), ElementsAre("A: -x, [y]", "B: #\""));
    EXPECT_THAT(all.at("name"), ElementsAre("-R 5"));
    EXPECT_THAT(all.at("spin"), ElementsAre("false"));
}

TEST_F(settled, a_message_about_what_was_not_typed_says_where_it_is) {
    const auto config = file("t.toml", "rate = 1\nconnections = 0\n");
    const auto from = settle({"loadgen", "run", "--config", config, "-d", "5s"}).from;
    EXPECT_EQ(where_of("--connections: Value 0 not in range", from), " (" + config + ", line 2)");
    EXPECT_EQ(where_of("rate '1': no", from), " (" + config + ", line 1)");
    EXPECT_EQ(where_of("--rate-limit: no", from), "");
    EXPECT_EQ(where_of("-d '5s': no", from), "");
}

TEST_F(settled, a_file_that_is_not_there_is_named) {
    EXPECT_THAT(refusal({"--config", "/no/such.toml"}), HasSubstr("/no/such.toml"));
    EXPECT_THAT(refusal({"--again", "/no/such.json"}), HasSubstr("/no/such.json"));
}

TEST_F(settled, a_printed_config_gives_the_same_run) {
    const words typed{"loadgen",
                      "run",
                      "--k6-start-rate",
                      "5",
                      "--k6-stage",
                      "1s:10",
                      "--k6-stage",
                      "0s:3",
                      "--warmup",
                      "2s",
                      "-c",
                      "3",
                      "-t",
                      "2",
                      "-m",
                      "PUT",
                      "-b",
                      "{{seq}} \"x\"",
                      "-H",
                      "A: b, c",
                      "-H",
                      "D: 'e'",
                      "--timeout",
                      "3s",
                      "--expect",
                      "201",
                      "--arrivals",
                      "poisson",
                      "--seed",
                      "9",
                      "--on-late",
                      "skip",
                      "--stop-when",
                      "p99>1s for 2s",
                      "--slo",
                      "error_rate<1%",
                      "--label",
                      "k=v w",
                      "--target",
                      "a=http://127.0.0.1:1/x",
                      "--target",
                      "b=http://127.0.0.1:2/"};
    command_line first;
    first.parse(typed);
    const auto config = file("t.toml", config_text(*first.run_app));
    command_line second;
    second.parse(settle({"loadgen", "run", "--config", config}).argv);
    EXPECT_EQ(config_text(*second.run_app), config_text(*first.run_app));
    const auto a = check(first.run, {});
    const auto b = check(second.run, {});
    EXPECT_EQ(b.stages, a.stages);
    ASSERT_EQ(b.targets.size(), 2u);
    EXPECT_EQ(b.targets[1].where.text, a.targets[1].where.text);
    EXPECT_EQ(std::tie(b.connections, b.threads, b.method, b.body, b.headers, b.timeout, b.expected_status,
                       b.skip_after, b.warmup, b.arrivals.kind, b.arrivals.seed, b.labels),
              std::tie(a.connections, a.threads, a.method, a.body, a.headers, a.timeout, a.expected_status,
                       a.skip_after, a.warmup, a.arrivals.kind, a.arrivals.seed, a.labels));
    EXPECT_EQ(b.stop_when->text(), a.stop_when->text());
    EXPECT_EQ(b.slos.at(0).text, a.slos.at(0).text);
}

TEST_F(settled, a_result_is_run_again_with_what_is_given_changed) {
    const auto before = result({"loadgen", "run", "--stage", "1s:5", "-c", "7", "-b", "@b.json", "-o", "old",
                                "--watch", "x=1", "--seed", "4", "http://old/"});
    const auto all = options_of({"--again", before, "-R", "9", "http://new/"});
    EXPECT_FALSE(all.contains("stage"));
    EXPECT_FALSE(all.contains("output"));
    EXPECT_FALSE(all.contains("watch"));
    EXPECT_THAT(all.at("rate"), ElementsAre("9"));
    EXPECT_THAT(all.at("connections"), ElementsAre("7"));
    EXPECT_THAT(all.at("seed"), ElementsAre("4"));
    EXPECT_THAT(all.at("url"), ElementsAre("http://new/"));
    EXPECT_THAT(all.at("body"), ElementsAre("@/of/the/run/b.json"));
    EXPECT_EQ(settle({"loadgen", "run", "--again", before}).note,
              "--again " + before + ": without its --watch, --output");
}

TEST_F(settled, a_result_that_is_run_again_writes_none_of_that_runs_files) {
    for (const std::string flag : {"output", "k6-summary", "k6-summary-export", "hdrplot"}) {
        const auto before = result({"loadgen", "run", "-R", "1", "--" + flag, "x", "http://old/"});
        EXPECT_FALSE(options_of({"--again", before}).contains(flag)) << flag;
        EXPECT_EQ(settle({"loadgen", "run", "--again", before}).note,
                  "--again " + before + ": without its --" + flag);
    }
}

TEST_F(settled, who_asks_for_other_requests_gets_those_alone) {
    const auto several = file("several.toml", "requests = 'r.json'\nrate = 5\n");
    EXPECT_FALSE(options_of({"--config", several, "-b", "x"}).contains("requests"));
    EXPECT_FALSE(options_of({"--config", several, "-m", "PUT"}).contains("requests"));
    const auto one =
        file("one.toml", "method = 'PUT'\nbody = 'x'\nrate = 5\nwarmup = '1s'\narrivals = 'poisson'\n");
    const auto mixed = options_of({"--config", one, "--requests", "r.json"});
    EXPECT_FALSE(mixed.contains("body"));
    EXPECT_FALSE(mixed.contains("method"));
    EXPECT_TRUE(mixed.contains("rate"));
    const auto replayed = options_of({"--config", one, "--replay", "a.log"});
    EXPECT_EQ(replayed.size(), 1u) << "of the file nothing is left";
    const auto log = file("log.toml", "replay = 'a.log'\nreplay-speed = 2\n");
    EXPECT_FALSE(options_of({"--config", log, "-R", "5"}).contains("replay"));
    EXPECT_FALSE(options_of({"--config", log, "-R", "5"}).contains("replay-speed"));
    EXPECT_TRUE(options_of({"--config", log, "--replay-speed", "3"}).contains("replay"));
}

TEST_F(settled, files_of_a_result_are_where_its_run_found_them) {
    EXPECT_THAT(
        options_of({"--again", result({"loadgen", "run", "-R", "1", "--requests", "r.json", "http://h/"})})
            .at("requests"),
        ElementsAre("/of/the/run/r.json"));
    EXPECT_THAT(
        options_of({"--again", result({"loadgen", "run", "--replay", "/a.log", "http://h/"})}).at("replay"),
        ElementsAre("/a.log"));
}

TEST_F(settled, headers_of_a_result_give_way_by_name) {
    const auto before =
        result({"loadgen", "run", "-R", "1", "-H", "A: 1", "-H", "Authorization: ***", "http://old/"});
    EXPECT_THAT(options_of({"--again", before, "-H", "authorization: Bearer y"}).at("header"),
                ElementsAre("A: 1", "authorization: Bearer y"));
    EXPECT_THAT(refusal({"--again", before, "-H", "A: 2"}), HasSubstr("give -H 'Authorization: ...', too"));
}

TEST_F(settled, what_is_no_result_of_a_run_is_refused) {
    EXPECT_THAT(refusal({"--again", file("x.json", "[1]")}), HasSubstr("not a result.json"));
    EXPECT_THAT(refusal({"--again", file("x.json", R"({"manifest": {}})")}), HasSubstr("command line"));
    EXPECT_THAT(refusal({"--again", result({"loadgen", "merge", "x"})}), HasSubstr("loads nothing"));
    EXPECT_THAT(refusal({"--again", result({"loadgen", "capacity", "x"})}),
                HasSubstr("loadgen capacity --again"));
    EXPECT_THAT(refusal({"--again", result({"loadgen", "run", "--gone"})}), HasSubstr("--gone"));
}

TEST(secrets, are_left_out_of_a_command_line_however_they_were_typed) {
    const words headers{"Authorization: Bearer x", "X-Api-Key: k", "Accept: x"};
    EXPECT_THAT(without_secrets({"-H", "Authorization: Bearer x", "-HX-Api-Key: k", "--header=X-Api-Key: k",
                                 "-H", "Accept: x"},
                                headers),
                ElementsAre("-H", "Authorization: ***", "-HX-Api-Key: ***", "--header=X-Api-Key: ***", "-H",
                            "Accept: x"));
    for (const auto* const name : {"Cookie", "proxy-authorization", "X-Auth-Token", "client-secret"})
        EXPECT_TRUE(is_secret(name)) << name;
    for (const auto* const name : {"Accept", "Content-Type", "User-Agent", "X-Request-Id"})
        EXPECT_FALSE(is_secret(name)) << name;
}

TEST(environment, variables_are_called_by_the_option) {
    EXPECT_EQ(variable_of("rate"), "LOADGEN_RATE");
    EXPECT_EQ(variable_of("k6-start-rate"), "LOADGEN_K6_START_RATE");
}

} // namespace
} // namespace beastmark::loadgen::settings
