// What is asked, as a server sees it: placeholders in every part of a request, several requests in one run,
// the requests of a log.
#include "fault_server.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class loadgen_requests : public ::testing::Test {
protected:
    finished_process loadgen(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "run", "--timeout", "20s"});
        return run({.arguments = std::move(arguments), .directory = folder.path().string()});
    }

    void write(const std::string& name, const std::string& content) {
        std::ofstream(folder.path() / name) << content;
    }

    [[nodiscard]] std::string path(const std::string& name) const { return (folder.path() / name).string(); }

    // "GET /a", of all, in the order of their arrival at the server.
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> all;
        for (const auto& r : server.requests())
            all.push_back(r.head.substr(0, r.head.find(" HTTP/1.1")));
        return all;
    }

    temporary_directory folder;
    fault_server server{[](const request_seen& r) {
        const bool none = r.head.find("/none ") != std::string::npos;
        return reply{{answer(none ? 404 : 200)}};
    }};
};

TEST_F(loadgen_requests, placeholders_are_filled_in_wherever_they_stand) {
    write("names.txt", "ann\r\nbob");
    const std::vector<std::string> command{"-R",
                                           "100",
                                           "-d",
                                           "200ms",
                                           "-H",
                                           "X-Name: {{pick names.txt}}/{{seq}}",
                                           "-b",
                                           "{{pad 3}}{{pick names.txt}}",
                                           server.url("/d/{{rand 1 9}}?n={{seq}}")};
    const auto ended = loadgen(command);
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    std::set<std::string> first;
    std::set<std::string> names;
    for (const auto& r : server.requests()) {
        EXPECT_THAT(r.head, MatchesRegex("POST /d/[1-9]\\?n=[0-9]+ HTTP/1.1\r\n(.|\n)*\r\nX-Name: "
                                         "(ann|bob)/[0-9]+\r\n(.|\n)*"));
        EXPECT_THAT(r.body, AnyOf("xxxann", "xxxbob"));
        names.insert(r.body);
        first.insert(r.head + r.body);
    }
    EXPECT_EQ(first.size(), 20u);
    EXPECT_EQ(names.size(), 2u);
    ASSERT_THAT(loadgen(command).status.code, AnyOf(0, 4));
    std::set<std::string> second;
    const auto all = server.requests();
    for (std::size_t i = 20; i < all.size(); ++i)
        second.insert(all[i].head + all[i].body);
    EXPECT_EQ(second, first) << "the same seed, the same requests";
}

TEST_F(loadgen_requests, of_a_file_are_mixed_by_weight_and_told_apart) {
    write("body.json", R"({"id": {{seq}}})");
    write("r.json", R"([{"name": "read", "weight": 3, "path": "/a"},
                        {"name": "none", "path": "/none", "expect": 404},
                        {"name": "write", "path": "/b", "body": {"file": "body.json"}}])");
    const auto ended = loadgen({"-R", "500", "-d", "400ms", "--requests", "r.json", "-H", "X-All: 1", "-o",
                                "out", server.url("/api/")});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    const auto before = asked();
    ASSERT_EQ(before.size(), 200u);
    std::map<std::string, std::uint64_t> counts;
    for (const auto& what : before)
        ++counts[what];
    ASSERT_EQ(counts.size(), 3u);
    EXPECT_GT(counts["GET /api/a"], counts["POST /api/b"]);
    for (const auto& r : server.requests())
        EXPECT_THAT(r.head, HasSubstr("\r\nX-All: 1\r\n"));
    const auto result = read_json(folder.path() / "out" / "result.json");
    const auto& target = result["targets"]["target"];
    EXPECT_EQ(result["config"]["method"], "several");
    EXPECT_EQ(result["config"]["requests"][2]["path"], "/b");
    EXPECT_EQ(target["totals"]["outcomes"]["ok"], 200) << "a 404 is what one of them wants";
    ASSERT_EQ(target["requests"].size(), 3u);
    const std::vector<std::string> lines{"GET /api/a", "GET /api/none", "POST /api/b"};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_EQ(target["requests"][i]["offered"], counts[lines[i]]) << lines[i];
        EXPECT_EQ(target["requests"][i]["sent"], counts[lines[i]]);
        EXPECT_EQ(target["requests"][i]["outcomes"], (nlohmann::json{{"ok", counts[lines[i]]}}));
        EXPECT_EQ(target["requests"][i]["response"]["count"], counts[lines[i]]);
    }
    EXPECT_THAT(ended.out, HasSubstr("\n  write "));

    // Run again from its result, the same arrivals are the same requests.
    ASSERT_THAT(loadgen({"--again", path("out/result.json")}).status.code, AnyOf(0, 4));
    const auto after = asked();
    EXPECT_EQ(std::multiset<std::string>(after.begin() + 200, after.end()),
              std::multiset<std::string>(before.begin(), before.end()));
}

TEST_F(loadgen_requests, of_a_file_with_a_single_one_have_its_expectation) {
    write("r.json", R"([{"path": "/none", "expect": 404}])");
    const auto ended =
        loadgen({"-R", "100", "-d", "100ms", "--requests", "r.json", "-o", "out", server.url()});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    const auto result = read_json(folder.path() / "out" / "result.json");
    EXPECT_EQ(result["targets"]["target"]["totals"]["outcomes"]["ok"], 10);
}

TEST_F(loadgen_requests, of_head_have_no_body_that_could_be_looked_into) {
    write("r.json", R"([{"path": "/a"}, {"method": "HEAD"}])");
    write("access.ndjson", R"({"ts": 1, "method": "HEAD", "path": "/"})");
    for (const auto& these : std::vector<std::vector<std::string>>{{"-R", "100", "--requests", "r.json"},
                                                                   {"--replay", "access.ndjson"}}) {
        auto arguments = these;
        arguments.insert(arguments.end(), {"--expect-body-contains", "x", server.url()});
        const auto ended = loadgen(arguments);
        EXPECT_EQ(ended.status.code, 2);
        EXPECT_THAT(ended.err, HasSubstr("HEAD has no body"));
    }
}

// Six requests in 500 ms, written as they ended.
const char* const log_of_six = R"({"ts": 10.0, "path": "/1"}
{"ts": 10.1, "path": "/2"}
{"ts": 10.3, "path": "/4", "method": "PUT", "body": "four"}
{"ts": 10.2, "path": "/3"}
no request
{"ts": 10.4, "path": "/1"}
{"ts": 10.5, "path": "/6"})";

TEST_F(loadgen_requests, a_log_is_replayed_at_its_times) {
    write("access.ndjson", log_of_six);
    const auto ended = loadgen({"--replay", "access.ndjson", "-c", "1", "-o", "out", server.url("/api")});
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    EXPECT_THAT(asked(), ElementsAre("GET /api/1", "GET /api/2", "GET /api/3", "PUT /api/4", "GET /api/1",
                                     "GET /api/6"));
    EXPECT_EQ(server.requests()[3].body, "four");
    EXPECT_THAT(ended.err, HasSubstr("1 of 7 lines are no requests and left out, the first is line 5"));
    EXPECT_THAT(ended.err, HasSubstr("1 were written after a later one"));
    const auto result = read_json(folder.path() / "out" / "result.json");
    EXPECT_EQ(result["config"]["arrivals"], "replay");
    EXPECT_EQ(result["config"]["replay"]["distinct"], 5);
    EXPECT_EQ(result["config"]["replay"]["skipped"], 1);
    const auto& target = result["targets"]["target"];
    EXPECT_EQ(target["totals"]["offered"], 6);
    EXPECT_FALSE(target.contains("requests"));
    EXPECT_EQ(target["stages"][0]["kind"], "replay");
    EXPECT_DOUBLE_EQ(target["stages"][0]["from_rps"].get<double>(), 10);
    EXPECT_DOUBLE_EQ(result["run"]["planned_duration_s"].get<double>(), 0.6);
    EXPECT_GE(result["run"]["duration_s"].get<double>(), 0.5) << "not all at once";

    ASSERT_THAT(
        loadgen({"--again", path("out/result.json"), "--replay-speed", "5", "-o", "fast"}).status.code,
        AnyOf(0, 4));
    EXPECT_EQ(server.requests().size(), 12u);
    EXPECT_DOUBLE_EQ(
        read_json(folder.path() / "fast" / "result.json")["run"]["planned_duration_s"].get<double>(), 0.12);
}

TEST_F(loadgen_requests, shards_replay_every_request_of_a_log_once) {
    write("access.ndjson", log_of_six);
    for (const auto* const shard : {"0/2", "1/2"}) {
        const auto ended = loadgen({"--replay", "access.ndjson", "--replay-speed", "10", "--shard", shard,
                                    "-c", "1", "-o", std::string(shard).substr(0, 1), server.url()});
        ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    }
    EXPECT_THAT(asked(), ElementsAre("GET /1", "GET /3", "GET /1", "GET /2", "PUT /4", "GET /6"));
    const auto merged = run(
        {.arguments = {BEASTMARK_BIN_DIR "/loadgen", "merge", "0/result.json", "1/result.json", "-o", "all"},
         .directory = folder.path().string()});
    EXPECT_THAT(merged.status.code, AnyOf(0, 4)) << merged.err;
    const auto result = read_json(folder.path() / "all" / "result.json");
    EXPECT_EQ(result["targets"]["target"]["totals"]["offered"], 6);
    EXPECT_EQ(result["shards"]["not_offered"]["target"], 0);
}

} // namespace
} // namespace beastmark::testing
