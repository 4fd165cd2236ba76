// Whole runs in this process against a server with faults. Counts are exact; times have wide tolerances, for
// a machine that is busy with other things.
#include "fault_server.hpp"
#include "loadgen/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::and_then;
using testing::answer;
using testing::at_once;
using testing::fault_server;
using testing::reply;
using testing::request_seen;

// A request must not run into it because the machine is slow.
constexpr auto ample = 20s;

run_options options_for(const fault_server& server, double rate, run_time duration) {
    run_options o;
    o.targets = {parse_target(server.url())};
    o.stages = {{stage_kind::hold, duration, rate, rate, 1}};
    o.connections = 8;
    o.timeout = ample;
    return o;
}

struct finished {
    run_record record;

    [[nodiscard]] const stage_record& total() const { return record.targets.front().total(); }

    [[nodiscard]] std::uint64_t of(outcome what) const { return total().counts.of(what); }
};

finished run_with(const run_options& options, const run_observer& tell = {}) {
    finished f{run(make_plan(options), options.stop_when, tell)};
    for (const auto& t : f.record.targets) {
        const auto& sum = t.total();
        EXPECT_EQ(sum.counts.settled(), sum.counts.offered);
        std::uint64_t offered = 0;
        for (const auto& r : t.rows())
            offered += r.offered;
        EXPECT_EQ(offered, sum.counts.offered);
    }
    return f;
}

// 40 requests in 200 ms, all of them answered alike.
finished run_against(const fault_server::handler& handler, std::optional<unsigned> expected = {}) {
    fault_server server(handler);
    auto options = options_for(server, 200, 200ms);
    options.expected_status = expected;
    return run_with(options);
}

TEST(loadgen_run, every_arrival_is_sent_once_and_answered) {
    fault_server server(at_once);
    auto options = options_for(server, 500, 1200ms);
    options.threads = 2;
    const auto f = run_with(options);
    EXPECT_EQ(f.total().counts.offered, 600u);
    EXPECT_EQ(f.of(outcome::ok), 600u);
    EXPECT_EQ(f.total().counts.statuses[200], 600u);
    EXPECT_EQ(f.total().counts.bytes_in, 600 * answer().size());
    EXPECT_EQ(f.total().times.response.count(), 600u);
    EXPECT_GE(f.total().times.response.max(), f.total().times.service.max());
    const auto seen = server.requests();
    EXPECT_EQ(seen.size(), 600u);
    EXPECT_EQ(server.connections(), 8u);
    std::set<std::uint64_t> used;
    for (const auto& r : seen)
        used.insert(r.connection);
    EXPECT_EQ(used.size(), 8u); // connections take turns
    ASSERT_GE(f.record.targets[0].rows().size(), 2u);
    EXPECT_EQ(f.record.targets[0].rows()[0].offered, 500u);
}

TEST(loadgen_run, bodies_are_filled_in_by_index_over_all_threads) {
    fault_server server([](const request_seen&) { return reply{{answer(201)}}; });
    auto options = options_for(server, 500, 400ms);
    options.threads = 2;
    options.method = "POST";
    options.body = R"({"n":{{seq}},"u":"{{uuid}}"})";
    options.expected_status = 201;
    options.arrivals.seed = 9;
    EXPECT_EQ(run_with(options).of(outcome::ok), 200u);
    std::multiset<std::string> bodies;
    for (const auto& r : server.requests())
        bodies.insert(r.body);
    std::multiset<std::string> wanted;
    for (std::uint64_t i = 0; i < 200; ++i)
        wanted.insert(body_template(options.body).render(9, i));
    EXPECT_EQ(bodies, wanted);
}

TEST(loadgen_run, each_target_gets_the_whole_schedule) {
    fault_server one(at_once);
    fault_server two([](const request_seen&) { return reply{{answer(503)}}; });
    auto options = options_for(one, 300, 500ms);
    options.targets = {parse_target("one=" + one.url()), parse_target("two=" + two.url())};
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::ok), 150u);
    EXPECT_EQ(f.record.targets[1].total().counts.of(outcome::http_5xx), 150u);
    EXPECT_EQ(one.requests().size(), 150u);
    EXPECT_EQ(two.requests().size(), 150u);
}

TEST(loadgen_run, a_server_that_closes_after_each_answer_is_connected_to_again) {
    const auto f = run_against([](const request_seen&) {
        return reply{{answer(200, "bye", "Connection: close\r\n")}, {}, and_then::close};
    });
    EXPECT_EQ(f.of(outcome::ok), 40u);
}

TEST(loadgen_run, an_answer_may_end_with_its_connection) {
    const auto f = run_against([](const request_seen&) {
        return reply{{"HTTP/1.1 200 OK\r\n\r\n", "some", "thing"}, {}, and_then::close};
    });
    EXPECT_EQ(f.of(outcome::ok), 40u);
}

TEST(loadgen_run, an_answer_may_come_byte_by_byte_in_chunks_after_interim_ones) {
    const std::string text =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2;x=y\r\nef\r\n0\r\nT: u\r\n\r\n";
    fault_server server([&](const request_seen&) {
        reply r;
        for (const char c : text)
            r.pieces.emplace_back(1, c);
        return r;
    });
    const auto f = run_with(options_for(server, 100, 200ms));
    EXPECT_EQ(f.of(outcome::ok), 20u);
    EXPECT_EQ(f.total().counts.bytes_in, 20 * text.size());
    EXPECT_EQ(server.connections(), 8u);
}

TEST(loadgen_run, the_answer_to_head_has_no_body_whatever_its_length_says) {
    fault_server server(
        [](const request_seen&) { return reply{{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}}; });
    auto options = options_for(server, 200, 200ms);
    options.method = "HEAD";
    EXPECT_EQ(run_with(options).of(outcome::ok), 40u);
    EXPECT_EQ(server.connections(), 8u);
}

TEST(loadgen_run, large_answers_and_large_requests_pass) {
    const std::string body(300'000, 'x');
    fault_server server(
        [&](const request_seen& r) { return reply{{answer(r.body == body ? 200 : 400, body)}}; });
    auto options = options_for(server, 100, 200ms);
    options.method = "PUT";
    options.body = body;
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::ok), 20u);
    EXPECT_GT(f.total().counts.bytes_out, 20 * body.size());
    EXPECT_EQ(f.total().counts.bytes_in, 20 * answer(200, body).size());
}

TEST(loadgen_run, statuses_are_told_apart) {
    EXPECT_EQ(run_against([](const request_seen&) { return reply{{answer(302)}}; }).of(outcome::http_3xx),
              40u);
    EXPECT_EQ(run_against([](const request_seen&) { return reply{{answer(404)}}; }).of(outcome::http_4xx),
              40u);
    const auto mixed =
        run_against([](const request_seen& r) { return reply{{answer(r.number % 4 == 0 ? 503 : 200)}}; });
    EXPECT_EQ(mixed.of(outcome::http_5xx), 10u);
    EXPECT_EQ(mixed.of(outcome::ok), 30u);
    EXPECT_EQ(
        run_against([](const request_seen&) { return reply{{answer(200)}}; }, 201).of(outcome::unexpected),
        40u);
    EXPECT_EQ(run_against([](const request_seen&) { return reply{{answer(404)}}; }, 404).of(outcome::ok),
              40u);
}

TEST(loadgen_run, what_is_no_http_is_a_protocol_error) {
    for (const std::string text :
         {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 999 No\r\n\r\n",
          "HTTP/9.9 200 OK\r\n\r\n", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
        const auto f = run_against([&](const request_seen&) { return reply{{text}, {}, and_then::hang}; });
        EXPECT_EQ(f.of(outcome::protocol_error), 40u) << text;
        EXPECT_EQ(f.total().times.response.count(), 0u);
    }
    const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x');
    EXPECT_EQ(run_against([&](const request_seen&) {
                  return reply{{endless}, {}, and_then::hang};
              }).of(outcome::protocol_error),
              40u);
}

TEST(loadgen_run, a_connection_that_ends_too_early_is_a_reset) {
    for (const std::string text : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) {
        for (const auto how : {and_then::close, and_then::reset}) {
            const auto f = run_against([&](const request_seen&) {
                return text.empty() ? reply{{}, {}, how} : reply{{text}, {}, how};
            });
            EXPECT_EQ(f.of(outcome::reset), 40u) << text;
        }
    }
}

TEST(loadgen_run, bytes_behind_an_answer_spoil_the_connection_not_the_answer) {
    fault_server server([](const request_seen&) {
        return reply{{answer() + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
    });
    const auto f = run_with(options_for(server, 200, 200ms));
    EXPECT_EQ(f.of(outcome::ok), 40u);
    EXPECT_GE(server.connections(), 40u);
}

TEST(loadgen_run, a_request_never_answered_times_out) {
    fault_server server([](const request_seen&) { return reply{{}, {}, and_then::hang}; });
    auto options = options_for(server, 100, 300ms);
    options.connections = 30; // one for each, none has to wait
    options.timeout = 300ms;
    options.stages.push_back(
        {stage_kind::hold, 500ms, 0, 0, 1}); // also one that was sent late has its 300 ms before the end
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::timeout), 30u);
    EXPECT_EQ(f.total().times.response.count(), 30u);
    EXPECT_GE(f.total().times.service.min(), 300ms);
    EXPECT_GE(f.total().times.response.min(), 300ms);
}

TEST(loadgen_run, what_waits_at_the_end_is_unfinished) {
    fault_server server([](const request_seen&) { return reply{{}, {}, and_then::hang}; });
    auto options = options_for(server, 100, 500ms);
    options.connections = 1;
    options.timeout = 400ms;
    const auto f = run_with(options);
    EXPECT_EQ(f.total().counts.offered, 50u);
    EXPECT_GE(f.of(outcome::timeout), 1u);
    EXPECT_LE(f.of(outcome::timeout), 2u); // 900 ms, 400 ms each
    EXPECT_EQ(f.of(outcome::timeout) + f.of(outcome::unfinished), 50u);
    EXPECT_GT(f.record.targets[0].rows().front().waiting + f.of(outcome::unfinished), 40u);
}

// A stall of the only connection delays all that were due meanwhile: response time shows it, service time
// does not.
TEST(loadgen_run, a_stall_shows_in_the_response_time_of_all_that_were_due) {
    fault_server server(
        [](const request_seen& r) { return reply{{answer()}, r.number == 20 ? 600ms : 0ms}; });
    auto options = options_for(server, 100, 1500ms);
    options.connections = 1;
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::ok), 150u);
    EXPECT_GE(f.total().times.service.max(), 600ms);
    // About 60 were due in the stall, 30 of them in its first half.
    EXPECT_GE(f.total().times.response.value_at_percentile(100 - 100.0 * 28 / 150), 300ms);
    EXPECT_LT(f.total().times.service.value_at_percentile(90),
              f.total().times.response.value_at_percentile(90));
}

TEST(loadgen_run, a_delay_of_the_server_is_its_service_time) {
    fault_server server([](const request_seen&) { return reply{{answer()}, 50ms}; });
    auto options = options_for(server, 20, 1s);
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::ok), 20u);
    EXPECT_GE(f.total().times.service.min(), 50ms);
    EXPECT_LT(f.total().times.service.min(), 150ms); // the best of 20: a busy machine delays some, not all
}

TEST(loadgen_run, arrivals_fail_while_the_server_is_away_and_succeed_when_it_is_back) {
    fault_server server(at_once);
    auto options = options_for(server, 100, 4s);
    options.stop_when.reset();
    bool away = false;
    bool back = false;
    const auto f = run_with(options, {.started = {},
                                      .tick =
                                          [&](const run_record&, run_time now) {
                                              if (!away && now > 1s) {
                                                  server.go_away();
                                                  away = true;
                                              }
                                              if (!back && now > 2s) {
                                                  server.come_back();
                                                  back = true;
                                              }
                                          },
                                      .interrupted = {}});
    ASSERT_TRUE(back);
    EXPECT_EQ(f.total().counts.offered, 400u);
    EXPECT_GT(f.of(outcome::connect_error), 20u);
    EXPECT_GT(f.of(outcome::ok), 100u);
    EXPECT_EQ(f.record.targets[0].rows()[3].of(outcome::connect_error), 0u); // the fourth second is healed
    EXPECT_TRUE(
        std::any_of(f.total().counts.errors.begin(), f.total().counts.errors.end(), [](const error_count& e) {
            return describe(e.where, e.code) == "connect: Connection refused";
        }));
}

TEST(loadgen_run, ends_early_when_the_condition_holds) {
    fault_server server([](const request_seen&) { return reply{{answer(503)}}; });
    auto options = options_for(server, 100, 60s);
    options.stop_when = stop_condition::parse("availability<50% for 2s");
    const auto f = run_with(options);
    ASSERT_TRUE(f.record.stopped);
    EXPECT_GE(f.record.stopped->at, 2s);
    EXPECT_LT(f.record.duration, 30s);
    EXPECT_EQ(f.record.duration, f.record.stopped->at);
    EXPECT_EQ(f.of(outcome::http_5xx) + f.of(outcome::unfinished), f.total().counts.offered);
    // A thread that was late does first what was due before the end came to it.
    const std::chrono::duration<double> late = f.total().times.generator_lag.max();
    EXPECT_NEAR(static_cast<double>(f.total().counts.offered),
                std::chrono::duration<double>(f.record.duration).count() * 100, 2 + 100 * late.count());
}

TEST(loadgen_run, a_server_that_cannot_be_reached_is_said_before_the_start) {
    std::string url;
    {
        const fault_server gone([](const request_seen&) { return reply{}; });
        url = gone.url();
    }
    run_options options;
    options.targets = {parse_target(url)};
    options.stages = {{stage_kind::hold, 1s, 10, 10, 1}};
    try {
        run(make_plan(options), {}, {});
        FAIL();
    } catch (const std::runtime_error& failure) {
        EXPECT_NE(std::string(failure.what()).find("Connection refused"), std::string::npos)
            << failure.what();
        EXPECT_NE(std::string(failure.what()).find(url), std::string::npos) << failure.what();
    }
}

TEST(loadgen_run, a_closed_loop_sends_a_request_for_each_answer) {
    fault_server server([](const request_seen&) { return reply{.pieces = {answer()}, .delay = 5ms}; });
    auto options = options_for(server, 0, 500ms);
    options.stages = {{stage_kind::closed, 500ms, 0, 0, 1}};
    options.connections = 4;
    options.threads = 2;
    const auto f = run_with(options);
    const auto sent = f.total().counts.offered;
    EXPECT_EQ(f.of(outcome::ok), sent);
    EXPECT_EQ(server.requests().size(), sent);
    EXPECT_GE(sent, 8u);
    EXPECT_LE(sent, 4u * 101u); // four connections, 5 ms an answer
    EXPECT_GE(f.total().times.service.min(), 5ms);
    EXPECT_EQ(f.total().times.generator_lag.count(), 0u);
}

TEST(loadgen_run, a_closed_loop_counts_the_attempts_to_connect_to_a_server_that_went_away) {
    fault_server server([](const request_seen&) { return reply{.pieces = {answer()}, .delay = 1ms}; });
    auto options = options_for(server, 0, 1500ms);
    options.stages = {{stage_kind::closed, 1500ms, 0, 0, 1}};
    options.connections = 2;
    std::jthread killer;
    const auto f =
        run_with(options, {.started = [&](const run_record&, auto) {
                     killer = std::jthread([&] {
                         while (server.requests().size() < 10) // with two connections eight are answered
                             std::this_thread::sleep_for(1ms);
                         server.go_away();
                     });
                 }});
    EXPECT_GE(f.of(outcome::connect_error), 1u);
    EXPECT_GE(f.of(outcome::ok), 1u);
}

TEST(loadgen_run, the_warm_up_is_sent_and_left_out_of_the_total) {
    fault_server server(at_once);
    auto options = options_for(server, 100, 500ms);
    options.warmup = 300ms;
    options.stages.insert(options.stages.begin(), {stage_kind::hold, 300ms, 100, 100, 1});
    const auto f = finished{run(make_plan(options), {}, {})};
    EXPECT_EQ(server.requests().size(), 80u);
    EXPECT_EQ(f.record.targets[0].total().counts.offered, 50u);
    EXPECT_EQ(f.record.measured(), 500ms);
}

TEST(loadgen_run, a_spinning_thread_sends_the_same_schedule) {
    fault_server server(at_once);
    auto options = options_for(server, 200, 300ms);
    options.spin = true;
    EXPECT_EQ(run_with(options).of(outcome::ok), 60u);
    EXPECT_EQ(server.requests().size(), 60u);
}

TEST(loadgen_run, an_answer_without_the_wanted_text_is_unexpected) {
    fault_server server(
        [](const request_seen& r) { return reply{{answer(200, r.number % 4 == 0 ? "no" : "yes, ok")}}; });
    auto options = options_for(server, 200, 200ms);
    options.expected_body.emplace("es, o");
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::unexpected), 10u);
    EXPECT_EQ(f.of(outcome::ok), 30u);
}

TEST(loadgen_run, skipping_loses_no_arrival) {
    fault_server server([](const request_seen&) { return reply{.pieces = {answer()}, .delay = 50ms}; });
    auto options = options_for(server, 200, 500ms);
    options.connections = 1;
    options.skip_after = 10ms;
    const auto f = run_with(options); // checks that the outcomes add up
    EXPECT_EQ(f.total().counts.offered, 100u);
    EXPECT_EQ(f.of(outcome::ok), server.requests().size());
    EXPECT_GE(f.of(outcome::skipped), 60u); // one connection answers 20 a second
}

TEST(loadgen_run, a_large_answer_is_read_in_turns_with_the_rest) {
    const std::string large(5'000'000, 'x');
    fault_server server([&](const request_seen&) { return reply{{answer(200, large)}}; });
    auto options = options_for(server, 20, 500ms);
    options.expected_body.emplace("xxxx");
    const auto f = run_with(options);
    EXPECT_EQ(f.of(outcome::ok), 10u);
    EXPECT_GE(f.total().counts.bytes_in, 10 * large.size());
}

// What comes with the connect may be seen after the first request went out: then it is its answer. It must
// never lie unread until the timeout.
TEST(loadgen_run, what_a_server_says_before_it_is_asked_is_never_left_unread) {
    fault_server server(at_once);
    server.speak_first(answer(503));
    auto options = options_for(server, 100, 300ms);
    options.connections = 2;
    options.timeout = 3s;
    try {
        const auto f = run_with(options);
        EXPECT_EQ(f.of(outcome::ok) + f.of(outcome::timeout), 0u);
    } catch (const std::runtime_error& none_up) {
        EXPECT_NE(std::string(none_up.what()).find("cannot connect"), std::string::npos);
    }
}

TEST(loadgen_run, a_condition_is_not_met_by_what_only_waits_for_answers) {
    fault_server server([&](const request_seen& r) {
        return r.number >= 45 ? reply{.pieces = {}, .then = and_then::hang} : reply{{answer()}};
    });
    auto options = options_for(server, 50, 1000ms);
    options.timeout = 1500ms;
    options.stop_when = stop_condition::parse("availability<50%");
    const auto f = run_with(options);
    EXPECT_GE(f.of(outcome::timeout), 1u);
    EXPECT_FALSE(f.record.stopped);
}

TEST(loadgen_run, who_sums_up_gives_way_to_the_load_and_to_nobody_afterwards) {
    const auto nice = [] { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); };
    const auto before = nice();
    int meanwhile = before;
    fault_server server(at_once);
    run_with(options_for(server, 100, 300ms),
             {.tick = [&](const run_record&, run_time) { meanwhile = nice(); }});
    EXPECT_EQ(meanwhile, std::max(before, 10));
    EXPECT_EQ(nice(), before) << "the next run's load threads begin with it";
}

} // namespace
} // namespace beastmark::loadgen
