// `loadgen run --pair` as a user meets it. How large a difference is on a busy machine is not asserted: that
// is the unit tests' of paired_comparison.
#include "fault_server.hpp"
#include "loadgen/run.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

namespace asio = boost::asio;

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

process_options pair(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "run"});
    return {.arguments = std::move(arguments)};
}

std::vector<std::string> sorted_bodies(const fault_server& server) {
    std::vector<std::string> bodies;
    for (const auto& r : server.requests())
        bodies.push_back(r.body);
    std::sort(bodies.begin(), bodies.end());
    return bodies;
}

TEST(loadgen_pair, wrong_use_is_told_in_one_line) {
    const std::string url = "http://127.0.0.1:1/";
    const std::vector<std::string> load{"-R", "10", "-d", "60s"};
    const std::vector<std::string> two{"--target", "a=" + url, "--target", "b=http://127.0.0.1:2/"};
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"--pair", "concurrent", url}, "--pair compares two targets, not 1"},
        {{"--pair", "abba", "--turn", "7s", "--target", "a=" + url, "--aa"},
         "no whole number of turns of 7s"},
        {{"--pair", "abba", "--turn", "1500ms", "--aa", url}, "--turn '1500ms'"},
        {{"--pair", "abba", "--turn", "10s", "--aa", url}, "no stage lasts 2m"},
        {{"--pair", "abba", "--price-per-hour", "1", "--aa", url}, "leave out --price-per-hour"},
        {{"--aa", url}, "give --pair, too"},
        {{"--noise-floor", "x", url}, "give --pair, too"},
        {{"--pair", "concurrent", "--shard", "0/2", "--aa", url}, "leave out --closed and --shard"},
        {{"--pair", "concurrent", "--aa", "--noise-floor", "x", url}, "leave out --noise-floor"},
        {{"--pair", "sometimes", "--aa", url}, "sometimes"},
    };
    for (auto [arguments, message] : cases) {
        arguments.insert(arguments.end(), load.begin(), load.end());
        const auto ended = run(pair(arguments));
        EXPECT_EQ(ended.status.code, 2) << message << ": " << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(message));
        EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    }
    auto unlike = load;
    unlike.insert(unlike.end(), two.begin(), two.end());
    unlike.insert(unlike.end(), {"--pair", "concurrent", "--aa"});
    EXPECT_THAT(run(pair(unlike)).err, HasSubstr("--aa measures one target twice"));
    unlike.insert(unlike.end() - 1, {"--noise-floor", "/no/such"});
    unlike.pop_back();
    EXPECT_THAT(run(pair(unlike)).err, HasSubstr("--noise-floor /no/such: cannot be read"));
}

// Answers on one thread and writes down in which order requests came: 'a' or 'b', as their path begins.
class order_server {
public:
    order_server() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}), thread_([this] { run(); }) {}

    ~order_server() { stop(); }

    order_server(const order_server&) = delete;
    order_server& operator=(const order_server&) = delete;

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
    }

    /// Once nobody sends any more.
    std::string order() {
        stop();
        return order_;
    }

private:
    struct connection {
        asio::ip::tcp::socket socket;
        std::string received;
    };

    void run() {
        accept();
        context_.run();
    }

    void stop() {
        context_.stop();
        if (thread_.joinable())
            thread_.join();
    }

    void accept() {
        acceptor_.async_accept([this](auto error, asio::ip::tcp::socket socket) {
            if (error)
                return;
            serve(std::make_shared<connection>(connection{std::move(socket), {}}));
            accept();
        });
    }

    void serve(const std::shared_ptr<connection>& with) {
        asio::async_read_until(with->socket, asio::dynamic_buffer(with->received), "\r\n\r\n",
                               [this, with](auto error, std::size_t length) {
                                   if (error)
                                       return;
                                   order_ += with->received.at(std::string_view("GET /").size());
                                   with->received.erase(0, length);
                                   asio::write(with->socket, asio::buffer(answer()), error);
                                   serve(with);
                               });
    }

    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_;
    std::string order_;
    std::thread thread_;
};

// How often a's k-th request came before b's.
double share_of_a(const std::string& order) {
    int ahead = 0; // of a
    int first = 0;
    int pairs = 0;
    for (const char who : order) {
        if (ahead == 0) {
            first += who == 'a' ? 1 : 0;
            ++pairs;
        }
        ahead += who == 'a' ? 1 : -1;
    }
    return static_cast<double>(first) / pairs;
}

TEST(loadgen_pair, of_arrivals_at_the_same_moment_either_is_sent_first_as_often) {
    order_server server;
    loadgen::run_options o;
    o.targets = {loadgen::parse_target("a=" + server.url("/a")),
                 loadgen::parse_target("b=" + server.url("/b"))};
    o.stages = {{loadgen::stage_kind::hold, 2s, 250, 250, 1}};
    o.connections = 1;
    o.timeout = 20s;
    o.pair.emplace();
    loadgen::run(loadgen::make_plan(o), std::nullopt, {});
    const auto order = server.order();
    EXPECT_EQ(order.size(), 1000u);
    EXPECT_GT(share_of_a(order), 0.3) << order;
    EXPECT_LT(share_of_a(order), 0.7) << order;
}

TEST(loadgen_pair, in_turns_both_get_the_same_requests_and_never_at_once) {
    fault_server a(at_once);
    fault_server b(at_once);
    loadgen::run_options o;
    o.targets = {loadgen::parse_target("a=" + a.url()), loadgen::parse_target("b=" + b.url())};
    o.stages = {{loadgen::stage_kind::hold, 800ms, 100, 100, 1}};
    o.arrivals.kind = loadgen::arrival_kind::poisson;
    o.method = "POST";
    o.body = "{{seq}} {{uuid}}";
    o.connections = 4;
    o.threads = 2;
    o.timeout = 20s; // a request must not run into it because the machine is slow
    o.pair.emplace();
    o.pair->kind = loadgen::paired::pair_kind::abba;
    o.pair->turns = loadgen::paired::take_turns(loadgen::schedule(o.stages, o.arrivals).segments(), 200ms, 1);
    const auto record = loadgen::run(loadgen::make_plan(o), std::nullopt, {});
    EXPECT_EQ(record.duration, 1600ms);
    EXPECT_GT(a.requests().size(), 40u);
    EXPECT_EQ(sorted_bodies(a), sorted_bodies(b));
    ASSERT_EQ(o.pair->turns.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(record.targets[1 - o.pair->turns[i].target].stages()[i].counts.offered, 0u) << i;
}

TEST(loadgen_pair, a_null_run_writes_its_noise_floor_which_the_next_one_reads) {
    fault_server server(at_once);
    const temporary_directory folder;
    const std::vector<std::string> load{"--pair", "concurrent", "-R",      "40", "-d", "12s",
                                        "-c",     "4",          "--plain", "-t", "1"};
    auto null = load;
    null.insert(null.end(),
                {"--aa", "-o", (folder.path() / "null").string(), "--target", "a=" + server.url()});
    const auto measured = run(pair(null), 60s);
    EXPECT_THAT(measured.status.code, AnyOf(0, 4)) << measured.err; // 4: the machine was busy
    const auto path = folder.path() / "null" / "result.json";
    const auto result = read_json(path);
    const auto& paired = result["paired"];
    EXPECT_EQ(paired["null"], true);
    EXPECT_EQ(paired["kind"], "concurrent");
    EXPECT_EQ(paired["comparison"]["base"], "a");
    EXPECT_EQ(paired["comparison"]["other"], "a-2");
    const auto& stage = paired["comparison"]["stages"][0];
    EXPECT_EQ(stage["windows"].get<int>() + stage["left_out_unsteady"].get<int>() +
                  stage["left_out_doubtful"].get<int>(),
              12);
    EXPECT_EQ(result["config"]["pair"], "concurrent");
    EXPECT_EQ(result["targets"]["a"]["totals"]["offered"], 480);
    EXPECT_EQ(result["targets"]["a-2"]["totals"]["offered"], 480);
    EXPECT_THAT(measured.out, HasSubstr("oise floor at 40 requests/s")); // or none, and why
    const std::vector<std::string> compare{BEASTMARK_BIN_DIR "/loadgen", "compare", path.string(),
                                           path.string()};
    EXPECT_THAT(run({.arguments = compare}).err, HasSubstr("choose one with --target: a, a-2"));
    auto chosen = compare;
    chosen.insert(chosen.end(), {"--target", "a"});
    EXPECT_THAT(run({.arguments = chosen}).status.code, AnyOf(0, 4)); // 4: as above
    auto other = load;
    other[3] = "41";
    other.insert(other.end(), {"--noise-floor", path.string(), "--target", "a=" + server.url(), "--target",
                               "b=" + server.url()});
    const auto refused = run(pair(other), 60s);
    EXPECT_EQ(refused.status.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("is of another load: stages"));
}

} // namespace
} // namespace beastmark::testing
