// A name with several addresses, as a headless Service has: connections spread over them, and each has its
// own figures.
#include "fault_server.hpp"
#include "loadgen/address_findings.hpp"
#include "loadgen/result.hpp"
#include "loadgen/run.hpp"
#include "loadgen/summary.hpp"
#include "scripted_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::at_once;
using testing::fault_server;
using ::testing::HasSubstr;
using testing::reply;
using testing::request_seen;

reply late(const request_seen& /*unused*/) {
    return {{answer()}, 30ms};
}

class loadgen_addresses : public ::testing::Test {
protected:
    loadgen_addresses() { names_.add("pods.test", {"127.0.0.1", "127.0.0.2", "127.0.0.3"}); }

    // Servers at 127.0.0.1 and on, all on one port.
    void serve(const std::vector<fault_server::handler>& handlers) {
        while (servers_.size() < handlers.size()) {
            try {
                servers_.push_back(std::make_unique<fault_server>(
                    handlers[servers_.size()], "127.0.0." + std::to_string(servers_.size() + 1), port()));
            } catch (const std::system_error&) { // another program has the port there
                servers_.clear();
            }
        }
    }

    [[nodiscard]] std::uint16_t port() const { return servers_.empty() ? 0 : servers_.front()->port(); }

    [[nodiscard]] run_options options(std::uint32_t connections, double rate, run_time duration) const {
        run_options o;
        o.targets = {parse_target("http://pods.test:" + std::to_string(port()) + "/")};
        o.stages = {{stage_kind::hold, duration, rate, rate, 1}};
        o.connections = connections;
        o.threads = 2;
        o.timeout = 20s;
        return o;
    }

    // Of the run under way. A second signal would end the process.
    void end() {
        if (!std::exchange(ended_, true))
            kill(getpid(), SIGINT);
    }

    bool ended_ = false;
    testing::scripted_names names_;
    std::vector<std::unique_ptr<fault_server>> servers_;
};

TEST_F(loadgen_addresses, have_figures_of_their_own_and_a_dead_one_is_told) {
    serve({at_once, late});
    const auto asked = options(12, 200, 1s);
    const auto record = run(make_plan(asked), {}, {});
    const auto judged = judge_addresses(record.targets.front().addresses());
    ASSERT_EQ(judged.addresses.size(), 3U);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& a = *judged.addresses[i].counts;
        EXPECT_EQ(judged.addresses[i].text,
                  "127.0.0." + std::to_string(i + 1) + ":" + std::to_string(port()));
        EXPECT_EQ(a.opened, 6U) << "those of the dead one are shared out";
        EXPECT_EQ(a.opened, servers_[i]->connections());
        EXPECT_EQ(a.of(outcome::ok), servers_[i]->requests().size());
        EXPECT_EQ(a.response.count(), a.of(outcome::ok));
    }
    EXPECT_EQ(judged.addresses[0].counts->of(outcome::ok) + judged.addresses[1].counts->of(outcome::ok),
              200U);
    EXPECT_GE(judged.addresses[1].counts->response.min(), 30ms);
    const auto& dead = *judged.addresses[2].counts;
    EXPECT_EQ(dead.opened, 0U);
    EXPECT_EQ(dead.attempts_failed(), 4U);

    const auto sentence =
        judged.addresses[2].text + " is dead: none of 4 attempts to connect succeeded (Connection refused)";
    EXPECT_THAT(summarize(record), HasSubstr(sentence.substr(0, 50)));
    const auto told = make_result(record, asked, 0)["targets"]["target"]["addresses"];
    EXPECT_EQ(told["findings"][0]["text"], sentence);
    EXPECT_EQ(told["list"][2]["errors"]["connect: Connection refused"], 4);
}

TEST_F(loadgen_addresses, connections_of_all_threads_and_shards_are_spread_evenly) {
    serve({at_once, at_once, at_once});
    auto asked = options(3, 30, 100ms);
    asked.threads = 3;
    run(make_plan(asked), {}, {});
    for (const auto& s : servers_)
        EXPECT_EQ(s->connections(), 1U);
    asked.connections = 1;
    asked.threads = 1;
    asked.share = {1, 3};
    run(make_plan(asked), {}, {});
    EXPECT_EQ(servers_[1]->connections(), 2U) << "shard 0 has the first";
}

TEST_F(loadgen_addresses, connections_follow_a_name_that_is_resolved_again) {
    serve({late, at_once, at_once});
    names_.add("pods.test", {"127.0.0.1", "127.0.0.2"});
    auto asked = options(8, 200, 10s);
    asked.dns_ttl = 20ms;
    std::size_t before = 0;
    const run_observer tell{.tick = [&](const run_record&, run_time now) {
        if (now > 200ms && servers_[2]->connections() == 0)
            names_.add("pods.test", {"127.0.0.3", "127.0.0.2"});
        if (servers_[2]->connections() == 4 && before == 0)
            before = servers_[0]->requests().size();
        if (before > 0 && servers_[2]->requests().size() > 40)
            end();
    }};
    const auto record = run(make_plan(asked), {}, tell);
    EXPECT_EQ(record.signal, SIGINT) << "nothing came to the new address";
    const auto& counts = record.targets.front().total().counts;
    EXPECT_EQ(counts.of(outcome::ok), counts.sent) << "what was under way has ended well";
    EXPECT_EQ(servers_[0]->requests().size(), before) << "it has gone";
    for (const auto& s : servers_)
        EXPECT_EQ(s->connections(), 4U);
    const auto all = record.targets.front().addresses().in_order();
    ASSERT_EQ(all.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(all[i]->of(outcome::ok), servers_[i]->requests().size());
}

TEST_F(loadgen_addresses, stay_when_a_name_does_not_resolve_any_more_which_is_said_once) {
    serve({at_once, at_once});
    names_.add("pods.test", {"127.0.0.1", "127.0.0.2"});
    auto asked = options(4, 100, 10s);
    asked.dns_ttl = 5ms;
    std::vector<std::string> said;
    std::size_t failed_from = 0;
    const run_observer tell{.tick =
                                [&](const run_record&, run_time /*unused*/) {
                                    if (failed_from == 0) {
                                        names_.add("pods.test", {});
                                        failed_from = names_.asked() + 1;
                                    } else if (names_.asked() > failed_from + 3 && !said.empty()) {
                                        end();
                                    }
                                },
                            .noted = [&](const std::string& text) { said.push_back(text); }};
    const auto record = run(make_plan(asked), {}, tell);
    EXPECT_EQ(record.signal, SIGINT) << "it is asked again and again";
    EXPECT_THAT(said, ::testing::ElementsAre(HasSubstr("pods.test does not resolve any more")));
    const auto& counts = record.targets.front().total().counts;
    EXPECT_EQ(counts.of(outcome::ok), counts.sent) << "what was under way has ended well";
    EXPECT_EQ(servers_[0]->connections() + servers_[1]->connections(), 4U);
}

TEST_F(loadgen_addresses, of_a_connection_for_each_request_a_dead_one_is_tried_once) {
    serve({at_once, at_once});
    names_.add("pods.test", {"127.0.0.1", "127.0.0.2"});
    auto asked = options(2, 200, 1s);
    asked.rules.keep_alive = false;
    bool gone = false;
    const run_observer tell{.tick = [&](const run_record&, run_time now) {
        if (now > 300ms && !std::exchange(gone, true))
            servers_[1]->go_away();
    }};
    const auto record = run(make_plan(asked), {}, tell);
    ASSERT_TRUE(gone);
    const auto judged = judge_addresses(record.targets.front().addresses());
    const auto& alive = *judged.addresses[0].counts;
    const auto& dead = *judged.addresses[1].counts;
    EXPECT_EQ(alive.opened, servers_[0]->connections()) << "one for each request, and one before the start";
    EXPECT_GT(alive.opened, 100U);
    EXPECT_EQ(alive.of(outcome::ok), servers_[0]->requests().size()) << "where each went, not where it began";
    EXPECT_GE(dead.opened, 2U);
    EXPECT_GE(dead.attempts_failed(), 1U);
    EXPECT_LE(dead.attempts_failed(), 2U) << "once by each connection: then it begins with the other";
}

TEST_F(loadgen_addresses, a_name_with_one_has_no_figures_by_address) {
    serve({at_once});
    names_.add("pods.test", {"127.0.0.1"});
    const auto asked = options(2, 100, 100ms);
    const auto record = run(make_plan(asked), {}, {});
    EXPECT_TRUE(record.targets.front().addresses().empty());
    EXPECT_FALSE(make_result(record, asked, 0)["targets"]["target"].contains("addresses"));
    EXPECT_EQ(summarize(record).find("share"), std::string::npos);
}

} // namespace
} // namespace beastmark::loadgen
