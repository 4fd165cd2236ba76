// The program as a user meets it: exit codes, messages, files, signals.
#include "common/histogram_encoding.hpp"
#include "fault_server.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const std::string loadgen = BEASTMARK_BIN_DIR "/loadgen";

process_options command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), loadgen);
    return {.arguments = std::move(arguments)};
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    std::size_t start = 0;
    while (start < text.size()) {
        const auto end = std::min(text.find('\n', start), text.size());
        longest = std::max(longest, end - start);
        start = end + 1;
    }
    return longest;
}

struct wrong_use {
    std::vector<std::string> arguments;
    int exit_code;
    std::string message;
};

TEST(loadgen_cli, wrong_use_is_told_in_one_line) {
    const std::string url = "http://127.0.0.1:1/";
    const std::vector<wrong_use> cases{
        {{}, 2, "subcommand"},
        {{"run"}, 2, "no URL"},
        {{"run", "-R", "10"}, 2, "no URL"},
        {{"run", url}, 2, "no rate"},
        {{"run", "-R", "10", "--nonsense", url}, 2, "--nonsense"},
        {{"run", "-R", "ten", url}, 2, "'ten'"},
        {{"run", "--stage", "30s", url}, 2, "'30s'"},
        {{"run", "--stage", "30s:5", "-R", "5", url}, 2, "leave out -R"},
        {{"run", "-R", "10", "-t", "5s", url}, 2, "did you mean --timeout 5s"},
        {{"run", "-R", "10", "-d", "5", url}, 2, "-d '5'"},
        {{"run", "-R", "10", "-c", "0", url}, 2, "connections"},
        {{"run", "-R", "10", "-b", "{{nope}}", url}, 2, "{{nope}} at byte 1"},
        {{"run", "-R", "10", "-b", "@/no/such/file", url}, 1, "/no/such/file"},
        {{"run", "-R", "10", "-b", "{{pick /no/such/file}}", url}, 1, "cannot read /no/such/file"},
        {{"run", "-R", "10", "-H", "X: {{pick /dev/null}}", url}, 2, "/dev/null is empty"},
        {{"run", "-R", "10", url + "{{nope}}"}, 2, "{{nope}} at byte 2"},
        {{"run", "-R", "10", "--requests", "/no/such/file", url}, 1, "/no/such/file"},
        {{"run", "-R", "10", "--requests", "/dev/null", url}, 2, "/dev/null: not JSON"},
        {{"run", "-R", "10", "--requests", "r", "-m", "PUT", url}, 2, "leave out -m and -b"},
        {{"run", "--replay", "/no/such/file", url}, 1, "/no/such/file"},
        {{"run", "--replay", "/dev/null", url}, 2, "/dev/null: it is empty"},
        {{"run", "--replay", "l", "-R", "5", url}, 2, "leave out -R"},
        {{"run", "--replay", "l", "--closed", url}, 2, "leave out -R"},
        {{"run", "--replay", "l", "--arrivals", "poisson", url}, 2, "leave out -R"},
        {{"run", "--replay", "l", "-b", "x", url}, 2, "leave out -m, -b and --requests"},
        {{"run", "--replay", "l", "--warmup", "1s", url}, 2, "--warmup is at the rate"},
        {{"run", "--replay", "l", "--pair", "abba", "--target", "a=" + url, "--target", "b=" + url},
         2,
         "--pair abba takes turns at a rate"},
        {{"run", "--replay", "/tmp", url}, 1, "cannot read /tmp: Is a directory"},
        {{"run", "--replay", "l", "--replay-speed", "0", url}, 2, "--replay-speed '0'"},
        {{"run", "-R", "5", "--replay-speed", "2", url}, 2, "give --replay FILE"},
        {{"run", "-R", "10", "-H", "bad", url}, 2, "header 'bad'"},
        {{"run", "-R", "10", "--stop-when", "speed<1", url}, 2, "'speed'"},
        {{"run", "-R", "10", "--stop-when", "py.p99>1s", url}, 2, "no target 'py'"},
        {{"run", "-R", "10", "--slo", "p99<fast", url}, 2, "'fast'"},
        {{"run", "-R", "10", "--slo", "py.p99<1s", url}, 2, "no target 'py'"},
        {{"run", "-R", "10", "--slo", "p99<1s for 5s", url}, 2, "leave out 'for'"},
        {{"run", "-R", "10", "--price-per-hour", "free", url}, 2, "--price-per-hour 'free': a price is"},
        {{"run", "-R", "10", "--prometheus", "h:9090", url}, 2, "--prometheus: "},
        {{"run", "-R", "10", "--shard", "4/4", url}, 2, "--shard '4/4'"},
        {{"run", "-R", "10", "--shard", "1", url}, 2, "--shard '1'"},
        {{"run", "-R", "10", "--barrier", "h:1", url},
         2,
         "--barrier 'h:1': shards begin together: give --shard"},
        {{"run", "-R", "10", "--shard", "1/2", "--barrier", "h:1", url}, 2, "give -o, too"},
        {{"run", "-R", "10", "--shard", "1/2", "--barrier", "h", "-o", "/tmp", url},
         2,
         "the port is missing"},
        {{"run", "-R", "10", "--shard", "0/2", "--barrier", "h:1", "-o", "/tmp", url},
         2,
         "listens on its --metrics"},
        {{"run", "-R", "10", "--shard", "0/2", "--barrier", "h:1", "-o", "/tmp", "--metrics", ":2", url},
         2,
         "on --metrics :2"},
        {{"merge", "/no/such", "-o", "/tmp"}, 1, "/no/such: there is no shard.ndjson beside it"},
        {{"run", "-R", "10", "--arrivals", "pareto", url}, 2, "pareto"},
        {{"run", "-R", "10", "--closed", url}, 2, "leave out -R"},
        {{"run", "-R", "10", "--turn", "x", url}, 2, "--turn is the length of the turns of --pair abba"},
        {{"run", "-R", "10", "--late-after", "x", url}, 2, "--late-after says what --on-late skip skips"},
        {{"run", "-R", "10", "--k6-start-rate", "x", url}, 2, "where the first --k6-stage begins"},
        {{"run", "-R", "10", "--barrier-timeout", "x", url}, 2, "--barrier-timeout is how long --barrier"},
        {{"run", "-R", "10", "-k", url}, 2, "-k belongs to https, and no URL begins with https://"},
        {{"run", "-R", "10", "--cacert", "x", url}, 2, "--cacert belongs to https"},
        {{"run", "-R", "10", "--cert", "x", url}, 2, "--cert belongs to https"},
        {{"run", "-R", "10", "--key", "x", url}, 2, "--key belongs to https"},
        {{"run", "-R", "10", "--tls-resume", url}, 2, "--tls-resume belongs to https"},
        {{"run", "--closed", "--arrivals", "poisson", url}, 2, "leave out -R, --stage, --arrivals"},
        {{"run", "--closed", "--on-late", "skip", url}, 2, "--on-late"},
        {{"run", "--closed", "--spin", url}, 2, "--spin"},
        {{"run", "-R", "10", "--spin", "-t", "1000", "-c", "1000", url}, 2, "--spin with 1000 threads"},
        {{"run", "-R", "10", "--on-late", "wait", url}, 2, "wait"},
        {{"run", "-R", "10", "--on-late", "skip", "--late-after", "0s", url}, 2, "--late-after '0s'"},
        {{"run", "-R", "10", "--warmup", "soon", url}, 2, "--warmup 'soon'"},
        {{"run", "--stage", "1s:0..10", "--warmup", "1s", url}, 2, "begins at 0"},
        {{"run", "-R", "10", "-m", "HEAD", "--expect-body-contains", "x", url}, 2, "HEAD has no body"},
        {{"run", "-R", "10", "--key", "x", "https://127.0.0.1/"}, 2, "--key is of the certificate of --cert"},
        {{"run", "-R", "10", "-k", "--cacert", "x", "https://127.0.0.1/"}, 2, "leave one of them out"},
        {{"run", "-R", "10", "--cacert", "/nowhere", "https://127.0.0.1:1/"}, 1, "--cacert '/nowhere'"},
        {{"run", "-R", "10", "--streams", "2", url}, 2, "give --http2, too"},
        {{"run", "--clients", "2", "--http2", "--streams", "2", url}, 2, "leave out --streams"},
        {{"run", "-R", "10", "-c", "1000", "--http2", "--streams", "2000", url},
         2,
         "2000000 requests at once"},
        {{"run", "-R", "10", "--http2", "-H", "TE: gzip", url}, 2, "header 'te': HTTP/2 has no place for it"},
        {{"run", "-R", "10", "--target", "a=" + url, "--target", "a=" + url}, 2, "two targets"},
        {{"run", "-R", "10", url}, 1, "cannot connect to 127.0.0.1:1"},
        {{"run", "-R", "10", "http://no-such-host.invalid/"}, 1, "cannot resolve 'no-such-host.invalid'"},
    };
    for (const auto& c : cases) {
        const auto ended = run(command(c.arguments));
        EXPECT_EQ(ended.status.code, c.exit_code) << c.message << ": " << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(c.message));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
        EXPECT_EQ(ended.out, "");
    }
}

TEST(loadgen_cli, more_connections_than_descriptors_is_told_before_the_start) {
    auto options = command({"run", "-R", "10", "-c", "500", "http://127.0.0.1:1/"});
    options.descriptors = 256;
    const auto ended = run(options);
    EXPECT_EQ(ended.status.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("descriptor limit 256 is below"));
    EXPECT_THAT(ended.err, HasSubstr("-c"));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

TEST(loadgen_cli, help_and_version_go_to_stdout) {
    const auto help = run(command({"run", "--help"}));
    EXPECT_EQ(help.status.code, 0);
    for (const char* const option :
         {"--rate", "--stage", "--connections", "--timeout", "--stop-when", "--target", "--output"})
        EXPECT_THAT(help.out, HasSubstr(option));
    const auto version = run(command({"--version"}));
    EXPECT_EQ(version.status.code, 0);
    EXPECT_THAT(version.out, HasSubstr("loadgen 0."));
    EXPECT_THAT(run(command({"--help"})).out, HasSubstr("5 shards missing"));
}

TEST(loadgen_cli, a_run_prints_a_summary_and_writes_its_files) {
    fault_server server(
        [](const request_seen& r) { return reply{{answer(r.number % 10 == 0 ? 503 : 200)}}; });
    const temporary_directory folder;
    const auto output = folder.path() / "new" / "folder";
    const auto ended = run(command({"run", "--stage", "1s:100..200/2", "-c", "4", "--label", "a=b", "--name",
                                    "it", "-o", output.string(), "--timeout", "20s", server.url("/x")}));
    // A machine that is busy with other tests makes it say that it is not to be believed.
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("response (from schedule)"));
    EXPECT_THAT(ended.out, HasSubstr("service (from first byte)"));
    EXPECT_THAT(ended.out, HasSubstr("http_5xx 15"));
    EXPECT_THAT(ended.out, HasSubstr("result.json"));
    EXPECT_LE(longest_line(ended.out.substr(0, ended.out.find("written"))), 100u);
    // One plain line a second, as stderr is no terminal here. (The second may be a little longer than that.)
    EXPECT_THAT(ended.err, ContainsRegex(" 0:01 [^\n]*offered 1[0-9][0-9]/s"));
    EXPECT_EQ(ended.err.find('\x1b'), std::string::npos);

    const auto result = read_json(output / "result.json");
    EXPECT_EQ(result["schema"], "loadgen.result/1");
    EXPECT_EQ(result["run"]["exit_code"], ended.status.code);
    EXPECT_EQ(result["run"]["interrupted"], false);
    EXPECT_EQ(result["run"]["stopped"], nullptr);
    EXPECT_EQ(result["manifest"]["labels"]["a"], "b");
    EXPECT_THAT(ended.out, AnyOf(HasSubstr("VALID: "), HasSubstr("NOT TO BE BELIEVED: ")));
    std::ifstream percentiles(output / "target.hgrm");
    std::string heading;
    std::getline(percentiles, heading);
    EXPECT_THAT(heading, HasSubstr("1/(1-Percentile)"));
    EXPECT_EQ(result["config"]["stages"][0]["kind"], "staircase");
    const auto& target = result["targets"]["target"];
    EXPECT_EQ(target["totals"]["offered"], 150);
    EXPECT_EQ(target["totals"]["statuses"]["503"], 15);
    EXPECT_DOUBLE_EQ(target["totals"]["availability"], 0.9);
    ASSERT_EQ(target["stages"].size(), 2u);
    EXPECT_EQ(target["stages"][0]["kind"], "step");
    EXPECT_EQ(target["stages"][0]["totals"]["offered"], 50);
    EXPECT_EQ(target["stages"][1]["totals"]["offered"], 100);
    EXPECT_EQ(target["latency"]["response"]["count"], 135);
    EXPECT_EQ(target["latency"]["failed"]["count"], 15);
    EXPECT_TRUE(result["watched"].contains("loadgen"));
    EXPECT_GT(std::filesystem::file_size(output / "report.html"), 10'000u);
    for (const auto& entry : std::filesystem::directory_iterator(output))
        EXPECT_NE(entry.path().extension(), ".tmp");
}

class interrupted_run : public ::testing::TestWithParam<int> {};

TEST_P(interrupted_run, ends_early_with_a_partial_result_that_says_so) {
    fault_server server(at_once);
    const temporary_directory folder;
    process child(
        command({"run", "-R", "200", "-d", "120s", "-c", "4", "-o", folder.path().string(), server.url()}));
    ASSERT_TRUE(wait_until([&] { return server.requests().size() > 50; }));
    child.signal(GetParam());
    const auto status = child.wait();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code, 128 + GetParam());
    EXPECT_THAT(child.out(), HasSubstr("PARTIAL"));
    const auto result = read_json(folder.path() / "result.json");
    EXPECT_EQ(result["run"]["interrupted"], true);
    EXPECT_EQ(result["run"]["exit_code"], 128 + GetParam());
    EXPECT_LT(result["run"]["duration_s"], 60.0);
    EXPECT_EQ(result["run"]["planned_duration_s"], 120.0);
    const auto& target = result["targets"]["target"];
    EXPECT_EQ(target["stages"][0]["complete"], false);
    std::uint64_t sum = 0;
    for (const auto& count : target["totals"]["outcomes"])
        sum += count.get<std::uint64_t>();
    EXPECT_EQ(target["totals"]["offered"], sum);
}

INSTANTIATE_TEST_SUITE_P(by_signal, interrupted_run, ::testing::Values(SIGINT, SIGTERM));

TEST(loadgen_cli, a_second_signal_ends_it_at_once) {
    fault_server server([](const request_seen&) { return reply{{}, {}, and_then::hang}; });
    process child(command({"run", "-R", "50", "-d", "120s", "-c", "4", "--timeout", "100s", server.url()}));
    ASSERT_TRUE(wait_until([&] { return !server.requests().empty(); }));
    child.signal(SIGINT);
    ASSERT_TRUE(wait_until([&] { return child.err().find("ending early") != std::string::npos; }));
    child.signal(SIGINT);
    const auto status = child.wait();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code, 130);
}

class loadgen_output : public ::testing::Test {
protected:
    finished_process shell(const std::string& more) {
        return run(
            {.arguments = {"/bin/sh", "-c", loadgen + " run -R 50 -d 1s -c 2 " + more + " " + server.url()},
             .directory = folder.path().string()});
    }

    fault_server server{at_once};
    temporary_directory folder;
};

TEST_F(loadgen_output, the_result_stays_when_nobody_reads_what_is_told) {
    const auto untold = shell("-o untold 2>/dev/full");
    EXPECT_THAT(untold.status.code, AnyOf(0, 4)); // 4: the machine was busy
    EXPECT_EQ(read_json(folder.path() / "untold/result.json")["targets"]["target"]["totals"]["offered"], 50);
    EXPECT_THAT(untold.out, HasSubstr("written: untold/result.json"));

    const auto unshown = shell("-o unshown >/dev/full");
    EXPECT_THAT(unshown.status.code, AnyOf(1, 4));
    EXPECT_EQ(read_json(folder.path() / "unshown/result.json")["targets"]["target"]["totals"]["offered"], 50);
    EXPECT_THAT(unshown.err, HasSubstr("loadgen: cannot write all of it to stdout\n"));
}

TEST_F(loadgen_output, links_and_devices_are_written_to_not_replaced) {
    std::filesystem::create_symlink("real.json", folder.path() / "link.json");
    std::ofstream(folder.path() / "real.json") << "before";
    std::filesystem::create_symlink("/dev/full", folder.path() / "full");
    const auto linked = shell("--hdrplot /dev/stdout --k6-summary link.json");
    EXPECT_THAT(linked.status.code, AnyOf(0, 4)) << linked.err;
    EXPECT_THAT(linked.out, ::testing::ContainsRegex("response .*\n(.*\n)*.*Percentile"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link.json"));
    EXPECT_TRUE(read_json(folder.path() / "real.json").contains("metrics"));

    const auto full = shell("--hdrplot full");
    EXPECT_EQ(full.status.code, 1);
    EXPECT_THAT(full.err, HasSubstr("cannot write full: No space left on device"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "full"));
}

TEST(loadgen_cli, shards_together_send_all_arrivals) {
    for (const std::string kind : {"uniform", "poisson"}) {
        fault_server server(at_once);
        std::uint64_t offered = 0;
        for (const std::string shard : {"0/3", "1/3", "2/3"}) {
            const temporary_directory folder;
            const auto ended = run(command({"run",
                                            "-R",
                                            "200",
                                            "-d",
                                            "500ms",
                                            "-c",
                                            "4",
                                            "-t",
                                            "2",
                                            "--arrivals",
                                            kind,
                                            "--seed",
                                            "7",
                                            "--shard",
                                            shard,
                                            "--timeout",
                                            "20s",
                                            "-o",
                                            folder.path().string(),
                                            server.url()}));
            ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
            const auto result = read_json(folder.path() / "result.json");
            EXPECT_EQ(result["config"]["arrivals"], kind);
            EXPECT_EQ(result["config"]["shard"]["of"], 3);
            const std::uint64_t of_shard = result["targets"]["target"]["totals"]["offered"];
            EXPECT_NEAR(static_cast<double>(of_shard), kind == "uniform" ? 33.3 : 33,
                        kind == "uniform" ? 1 : 15);
            offered += of_shard;
        }
        EXPECT_EQ(server.requests().size(), offered);
        EXPECT_TRUE(kind == "poisson" || offered == 100) << offered;
    }
}

TEST(loadgen_cli, a_missed_objective_is_exit_code_3) {
    fault_server server(
        [](const request_seen& r) { return reply{{answer(r.number % 10 == 0 ? 503 : 200)}}; });
    const temporary_directory folder;
    const auto ended =
        run(command({"run", "-R", "100", "-d", "2s", "-c", "4", "--slo", "error_rate<1%", "--slo", "p99<100s",
                     "-o", folder.path().string(), "--timeout", "20s", server.url()}));
    EXPECT_THAT(ended.status.code, AnyOf(3, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("FAIL  target  error_rate<1%"));
    const auto result = read_json(folder.path() / "result.json");
    ASSERT_EQ(result["slo"].size(), 2u);
    EXPECT_EQ(result["slo"][0]["pass"], false);
    EXPECT_EQ(result["slo"][1]["slo"], "p99<100s");
}

TEST(loadgen_cli, a_condition_that_ends_the_run_is_no_failure) {
    fault_server server([](const request_seen&) { return reply{{answer(500)}}; });
    const temporary_directory folder;
    const auto ended = run(command({"run", "-R", "50", "-d", "60s", "-c", "4", "--stop-when",
                                    "availability<90% for 1s", "-o", folder.path().string(), server.url()}));
    EXPECT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("stopped by its condition"));
    const auto result = read_json(folder.path() / "result.json");
    EXPECT_EQ(result["run"]["stopped"]["target"], "target");
    EXPECT_EQ(result["run"]["stopped"]["condition"], "availability<90% for 1s");
    EXPECT_EQ(result["run"]["interrupted"], false);
}

TEST(loadgen_cli, the_timeline_files_hold_each_second_with_its_histograms) {
    fault_server server(
        [](const request_seen& r) { return reply{{answer(r.number % 10 == 0 ? 503 : 200)}}; });
    const temporary_directory folder;
    const auto ended = run(command({"run", "-R", "100", "-d", "2s", "--warmup", "1s", "-o",
                                    folder.path().string(), "--timeout", "20s", "it=" + server.url()}));
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    const auto result = read_json(folder.path() / "result.json");
    EXPECT_EQ(result["config"]["warmup_s"], 1.0);
    EXPECT_EQ(result["targets"]["it"]["stages"][0]["warmup"], true);
    EXPECT_EQ(result["targets"]["it"]["stages"][1]["warmup"], false);
    EXPECT_EQ(result["targets"]["it"]["totals"]["offered"], 200);

    std::ifstream ndjson(folder.path() / "timeline.ndjson");
    std::string line;
    ASSERT_TRUE(std::getline(ndjson, line));
    const auto heading = nlohmann::json::parse(line);
    EXPECT_EQ(heading["schema"], "loadgen.timeline/1");
    EXPECT_EQ(heading["loop"], "open");
    const auto& rows = result["targets"]["it"]["timeline"];
    std::size_t row = 0;
    histogram all;
    for (; std::getline(ndjson, line); ++row) {
        const auto second = nlohmann::json::parse(line);
        EXPECT_EQ(second["target"], "it");
        EXPECT_EQ(second["t_s"], rows[row]["t_s"]);
        EXPECT_EQ(second["offered"], rows[row]["offered"]);
        const auto response = decode_v2(second["hdr"]["response"].get<std::string>());
        ASSERT_TRUE(response);
        EXPECT_EQ(response->count(), second["response"]["count"]);
        all.merge(*response);
    }
    EXPECT_EQ(row, rows.size());
    EXPECT_GE(row, 3u);
    EXPECT_EQ(all.count(), 270u); // all that were ok, the warm-up's too

    std::ifstream csv(folder.path() / "timeline.csv");
    ASSERT_TRUE(std::getline(csv, line));
    EXPECT_THAT(line, ::testing::StartsWith("target,loop,warmup,t_s,offered,sent,completed,ok,"));
    const auto columns = std::count(line.begin(), line.end(), ',');
    std::size_t lines = 0;
    for (; std::getline(csv, line); ++lines) {
        EXPECT_EQ(std::count(line.begin(), line.end(), ','), columns) << line;
        EXPECT_THAT(line, ::testing::StartsWith(lines == 0 ? "it,open,1,1.000,100," : "it,open,0,"));
    }
    EXPECT_EQ(lines, rows.size());
}

TEST(loadgen_cli, a_closed_loop_is_labelled_in_every_output) {
    fault_server server([](const request_seen&) {
        return reply{.pieces = {answer()}, .delay = std::chrono::milliseconds(2)};
    });
    const temporary_directory folder;
    const auto ended =
        run(command({"run", "--closed", "-c", "2", "-d", "1s", "-o", folder.path().string(), server.url()}));
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("closed loop"));
    EXPECT_THAT(ended.out, HasSubstr("closed loop: understates"));
    EXPECT_EQ(ended.out.find("from schedule"), std::string::npos);
    EXPECT_EQ(read_json(folder.path() / "result.json")["config"]["loop"], "closed");
    for (const auto* const name : {"timeline.csv", "timeline.ndjson", "target.hgrm"}) {
        std::ifstream file(folder.path() / name);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        EXPECT_THAT(text, ::testing::AnyOf(HasSubstr("closed"), HasSubstr("Closed loop"))) << name;
    }
}

} // namespace
} // namespace beastmark::testing
