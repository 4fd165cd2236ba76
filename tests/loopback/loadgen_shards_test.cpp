// Shards of a test as pods run them: each a process with an address of its own, that begin together and whose
// figures shard 0 makes one result of.
#include "common/histogram_encoding.hpp"
#include "fault_server.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

const std::string host = "127.0.0.2"; // of shard 0; the others have 127.0.0.3 and so on

bool has_said(const process& child, const std::string& text) {
    return child.err().find(text) != std::string::npos;
}

histogram response_of(const nlohmann::json& result) {
    return decode_v2(result["targets"]["target"]["latency"]["response"]["hdr"].get<std::string>()).value();
}

class loadgen_shards : public ::testing::Test {
protected:
    [[nodiscard]] std::filesystem::path folder(std::uint64_t index) const {
        return folder_.path() / std::to_string(index);
    }

    process_options command(const std::string& shard, std::uint64_t index,
                            const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all{BEASTMARK_BIN_DIR "/loadgen",
                                     "run",
                                     "--shard",
                                     shard,
                                     "--barrier",
                                     host + ":" + std::to_string(port_),
                                     "--metrics",
                                     "127.0.0." + std::to_string(2 + index) + ":" + std::to_string(port_),
                                     "--barrier-timeout",
                                     timeout_,
                                     "-R",
                                     rate_,
                                     "-d",
                                     duration_,
                                     "-o",
                                     folder(index).string(),
                                     "-c",
                                     "6",
                                     "-t",
                                     "2",
                                     server_.url()};
        all.insert(all.end(), more.begin(), more.end());
        return {.arguments = all};
    }

    // Shard 0, on a port that it could have.
    process lead(const std::string& shard, const std::vector<std::string>& more = {}) {
        for (;;) {
            port_ = free_port();
            process child(command(shard, 0, more));
            if (!wait_until([&] { return has_said(child, "waits for") || !child.running(); }) ||
                !has_said(child, "in use"))
                return child;
        }
    }

    http_response ask(const std::string& method, const std::string& path,
                      const std::string& body = "") const {
        http_client client(port_, host);
        client.send(request(method, path, body));
        return client.receive();
    }

    // Some answers are late, so that percentiles differ from one another.
    fault_server server_{[](const request_seen& r) {
        return reply{{answer(r.number % 50 == 7 ? 503 : 200)},
                     std::chrono::milliseconds(r.number % 10 == 0 ? 30 : 0)};
    }};
    temporary_directory folder_;
    std::uint16_t port_ = 0;
    std::string rate_ = "300";
    std::string duration_ = "3s";
    std::string timeout_ = "60s"; // of the barrier
};

TEST_F(loadgen_shards, begin_together_and_shard_0_serves_one_result_until_it_is_fetched) {
    auto first = lead("0/3", {"--linger", "10m"});
    process second(command("1/3", 1));
    process third(command("2/3", 2));
    ASSERT_TRUE(wait_until([&] { return has_said(first, "stays for 10m"); }, 60s)) << first.err();
    for (auto* const other : {&second, &third})
        EXPECT_THAT(other->wait().value_or(exit_status{}).code, AnyOf(0, 4)) << other->err();

    const auto result = nlohmann::json::parse(ask("GET", "/result.json").body);
    EXPECT_THAT(ask("GET", "/report.html").body, HasSubstr("loadgen.result/1"));
    const auto ended = first.wait();
    ASSERT_TRUE(ended) << "all was fetched: there is nothing to stay for";
    EXPECT_EQ(ended->code, result["run"]["exit_code"]) << first.err();
    EXPECT_THAT(ended->code, AnyOf(0, 4)); // a busy machine is not to be believed
    EXPECT_EQ(result, read_json(folder(0) / "merged" / "result.json"));

    const auto& target = result["targets"]["target"];
    EXPECT_EQ(target["totals"]["offered"], 900);
    EXPECT_EQ(target["totals"]["sent"], server_.requests().size());
    EXPECT_EQ(result["shards"]["complete"], true);
    EXPECT_EQ(result["shards"]["not_offered"]["target"], 0);
    EXPECT_EQ(result["config"]["connections"], 18);
    for (const auto& part : result["shards"]["parts"]) {
        EXPECT_EQ(part["offered"]["target"], 300);
        EXPECT_LE(std::abs(part["clock_skew_s"].get<double>()), part["clock_skew_error_s"].get<double>())
            << "it is one clock";
    }
    histogram all;
    for (std::uint64_t i = 0; i < 3; ++i)
        all.merge(response_of(read_json(folder(i) / "result.json")));
    ASSERT_EQ(target["latency"]["response"]["count"], all.count());
    for (const auto& [name, percentile] : std::vector<std::pair<const char*, double>>{
             {"p50_us", 50}, {"p90_us", 90}, {"p99_us", 99}, {"p999_us", 99.9}}) {
        const auto whole = static_cast<double>(all.value_at_percentile(percentile).count()) / 1000;
        EXPECT_NEAR(target["latency"]["response"][name].get<double>(), whole, whole * 0.001) << name;
    }
}

TEST_F(loadgen_shards, one_that_is_killed_is_accounted_for_and_the_test_exits_5) {
    timeout_ = "6s";
    auto first = lead("0/3");
    process second(command("1/3", 1));
    process third(command("2/3", 2));
    const auto its_figures = folder(1) / "shard.ndjson";
    ASSERT_TRUE(wait_until([&] { // of its first second both threads have told
        std::ifstream file(its_figures);
        std::size_t lines = 0;
        for (std::string line; std::getline(file, line);)
            ++lines;
        return lines >= 3;
    })) << second.err();
    second.kill();
    const auto ended = first.wait(60s);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, 5) << first.err();
    EXPECT_THAT(first.err(), HasSubstr("shard 1: began, and has not told what it counted"));
    EXPECT_THAT(first.out(), HasSubstr("shard 1: missing; not offered to target: 300"));
    const auto result = read_json(folder(0) / "merged" / "result.json");
    EXPECT_EQ(result["run"]["exit_code"], 5);
    EXPECT_EQ(result["targets"]["target"]["totals"]["offered"], 600);
    EXPECT_EQ(result["shards"]["parts"][1]["state"], "missing");
    EXPECT_EQ(result["shards"]["not_offered"]["target"], 300);

    // By hand, from what it wrote until then.
    const auto by_hand = (folder_.path() / "by_hand").string();
    const auto merged =
        run({.arguments = {BEASTMARK_BIN_DIR "/loadgen", "merge", (folder(2) / "result.json").string(),
                           folder(1).string(), folder(0).string(), "-o", by_hand}});
    EXPECT_EQ(merged.status.code, 5) << merged.err;
    const auto again = read_json(std::filesystem::path(by_hand) / "result.json");
    const auto& part = again["shards"]["parts"][1];
    EXPECT_EQ(part["state"], "cut off");
    EXPECT_GT(part["offered"]["target"], 0);
    EXPECT_EQ(part["offered"]["target"].get<int>() + part["not_offered"]["target"].get<int>(), 300);
    EXPECT_EQ(again["targets"]["target"]["totals"]["offered"].get<int>(),
              600 + part["offered"]["target"].get<int>());
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(by_hand) / "report.html"));
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(by_hand) / "timeline.ndjson"));
}

TEST_F(loadgen_shards, who_does_not_come_is_not_waited_for) {
    timeout_ = duration_ = "500ms";
    rate_ = "100";
    auto first = lead("0/2");
    const auto ended = first.wait();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, 5);
    EXPECT_THAT(first.err(), HasSubstr("1 of 2 shards are there; begins without shard 1"));
    const auto result = read_json(folder(0) / "merged" / "result.json");
    EXPECT_EQ(result["shards"]["not_offered"]["target"], 25);

    const auto alone = run(command("1/2", 1));
    EXPECT_EQ(alone.status.code, 5);
    EXPECT_THAT(alone.err, HasSubstr("loadgen: no shard 0 at " + host));
}

TEST_F(loadgen_shards, strangers_and_mistakes_are_refused_and_nothing_hangs) {
    duration_ = "500ms";
    rate_ = "100";
    auto first = lead("0/2");
    http_client slow(port_, host); // stays, and says nothing whole
    slow.send("POST /barrier/join HTTP/1.1\r\nContent-Le");
    http_client broken(port_, host);
    broken.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
    EXPECT_EQ(ask("POST", "/barrier/join", "[[[").status, 400);
    EXPECT_EQ(ask("POST", "/barrier/join", std::string(100'000, '[')).status, 400);
    EXPECT_EQ(ask("POST", "/barrier/join", std::string(2 << 20, ' ')).status, 413);
    EXPECT_EQ(ask("GET", "/barrier/join").status, 405);
    EXPECT_EQ(ask("GET", "/nothing").status, 404);
    EXPECT_EQ(ask("GET", "/report.html").status, 404) << "there is none yet";
    EXPECT_EQ(ask("POST", "/barrier/deliver", "no").status, 400);
    EXPECT_EQ(ask("POST", "/barrier/deliver", "{\"index\":1,\"who\":\"me\"}\nx\n").status, 403);

    {
        const std::string promise = "POST /barrier/deliver HTTP/1.1\r\nContent-Length: 268435456\r\n\r\n";
        std::vector<std::unique_ptr<http_client>> greedy;
        for (int i = 0; i < 2; ++i) {
            greedy.push_back(std::make_unique<http_client>(port_, host));
            greedy.back()->send(promise);
            std::this_thread::sleep_for(100ms); // it has no answer to wait for
        }
        http_client third(port_, host);
        third.send(promise);
        EXPECT_EQ(third.receive().status, 503) << "memory has a bound, however many send";
    }
    const auto of_three = run(command("1/3", 1));
    EXPECT_EQ(of_three.status.code, 1);
    EXPECT_THAT(of_three.err, HasSubstr("shard 1/3 of a test of 2 shards"));
    const auto of_another = run(command("1/2", 1, {"--name", "other"}));
    EXPECT_EQ(of_another.status.code, 1);
    EXPECT_THAT(of_another.err, HasSubstr("of another test than shard 0: name is \"\" and \"other\""));

    process second(command("1/2", 1));
    const auto ended = first.wait(60s);
    ASSERT_TRUE(ended);
    EXPECT_THAT(ended->code, AnyOf(0, 4)) << first.err();
    EXPECT_THAT(second.wait().value_or(exit_status{}).code, AnyOf(0, 4)) << second.err();
    EXPECT_EQ(read_json(folder(0) / "merged" / "result.json")["shards"]["complete"], true);
}

} // namespace
} // namespace beastmark::testing
