// Whole runs over HTTP/2: the same schedule, histograms and outcomes; what goes wrong is told in words.
#include "connection_threads.hpp"
#include "fault_server.hpp"
#include "http2_server.hpp"
#include "loadgen/run.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tls_front.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <sys/socket.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::http2_peer;
using testing::http2_request_seen;
using testing::http2_server;
using ::testing::Pair;

// 40 requests in 200 ms.
run_options options_for(const std::string& url, std::uint32_t connections = 2, std::uint32_t streams = 4) {
    run_options o;
    o.targets = {parse_target(url)};
    o.stages = {{stage_kind::hold, 200ms, 200, 200, 1}};
    o.connections = connections;
    o.version = loadgen::http_version::http_2;
    o.streams = streams;
    o.timeout = 20s; // not because the machine is slow
    return o;
}

run_record run_with(const run_options& options) {
    return run(make_plan(options), {}, {});
}

const tally& counts(const run_record& r) {
    return r.targets.front().total().counts;
}

std::map<std::string, std::uint64_t> errors(const run_record& r) {
    std::map<std::string, std::uint64_t> all;
    for (const auto& e : counts(r).errors)
        all[describe(e.where, e.code)] += e.count;
    return all;
}

// Why no connection came up.
std::string refusal(const run_options& options) {
    try {
        run_with(options);
    } catch (const std::exception& wrong) {
        return wrong.what();
    }
    return "none";
}

void answer_all(http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t) {
    peer.answer(request.stream);
}

TEST(loadgen_http2, every_arrival_is_sent_once_and_answered) {
    const http2_server server(answer_all);
    auto options = options_for(server.url("/devices?x=1"));
    options.headers = {"X-Test: yes"};
    const auto record = run_with(options);
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(counts(record).sent, 40u);
    EXPECT_EQ(record.targets.front().total().times.response.count(), 40u);
    EXPECT_EQ(record.targets.front().total().times.first_byte.count(), 40u);
    EXPECT_EQ(server.connections(), 2u);
    EXPECT_GT(counts(record).bytes_in, 0u);
    EXPECT_GT(counts(record).bytes_out, 0u);
    const auto seen = server.requests();
    ASSERT_EQ(seen.size(), 40u);
    EXPECT_EQ(seen[7].field(":path"), "/devices?x=1");
    EXPECT_EQ(seen[7].field("x-test"), "yes");
    EXPECT_EQ(record.targets.front().rows().back().connections, 2u) << "connections, not streams";
}

TEST(loadgen_http2, bodies_are_filled_in_for_each_arrival) {
    const http2_server server(answer_all);
    auto options = options_for(server.url());
    options.method = "POST";
    options.body = R"({"n":{{seq}}})";
    const auto record = run_with(options);
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    std::set<std::string> bodies;
    for (const auto& request : server.requests()) {
        bodies.insert(request.body);
        EXPECT_EQ(request.field("content-length"), std::to_string(request.body.size()));
    }
    EXPECT_EQ(bodies.size(), 40u);
    EXPECT_THAT(bodies, Contains(R"({"n":39})"));
}

TEST(loadgen_http2, a_connection_carries_as_many_requests_at_once_as_asked_for) {
    // The fifth lets go of those before it: fewer than five at once would wait for ever.
    std::vector<std::int32_t> held;
    const http2_server server(
        [&](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t) {
            held.push_back(request.stream);
            if (held.size() < 5)
                return;
            for (const auto stream : held)
                peer.answer(stream);
            held.clear();
        });
    const auto record = run_with(options_for(server.url(), 1, 5));
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(server.connections(), 1u);
}

TEST(loadgen_http2, no_more_at_once_than_the_server_allows) {
    std::vector<std::int32_t> held;
    const http2_server server(
        [&](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t) {
            held.push_back(request.stream);
            if (held.size() < 2)
                return;
            std::this_thread::sleep_for(20ms); // twenty times: double of what the arrivals last
            for (const auto stream : held)
                peer.answer(stream);
            held.clear();
        },
        2);
    const auto record = run_with(options_for(server.url(), 1, 50));
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(server.most_at_once(), 2u);
    EXPECT_GT(record.targets.front().total().times.connection_wait.max(), 100ms)
        << "who waits for a stream has not been sent";
}

TEST(loadgen_http2, over_tls_it_is_chosen_by_alpn) {
    const testing::temporary_directory folder;
    testing::certificate_authority authority(folder.path());
    authority.issue("127.0.0.1", "server");
    const http2_server server(answer_all);
    testing::tls_front_options with;
    with.certificate = folder.path() / "server.crt";
    with.key = folder.path() / "server.key";
    with.protocol = "h2";
    const testing::tls_front front(server.port(), with);
    auto options = options_for(front.url());
    options.tls.ca_file = authority.certificate();
    const auto record = run_with(options);
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(front.handshakes(), 2u);
    EXPECT_EQ(server.requests().front().field(":scheme"), "https");

    with.protocol.clear();
    const testing::tls_front without(server.port(), with);
    options.targets = {parse_target(without.url())};
    EXPECT_THAT(refusal(options), HasSubstr("tls: the server did not choose HTTP/2 (ALPN)"));
}

TEST(loadgen_http2, a_server_of_http1_is_told) {
    testing::fault_server server(
        [](const testing::request_seen&) { return testing::reply{{testing::answer()}}; });
    EXPECT_THAT(refusal(options_for(server.url())),
                HasSubstr("http2: the server answers with HTTP/1, it takes no HTTP/2 without TLS"));
}

TEST(loadgen_http2, a_server_that_hangs_up_without_a_word_is_told) {
    const testing::connection_threads server([](int socket, std::uint64_t) {
        std::array<char, 16'384> preface{};
        ::recv(socket, preface.data(), preface.size(), 0);
    });
    EXPECT_THAT(refusal(options_for("http://127.0.0.1:" + std::to_string(server.port()) + "/", 1)),
                HasSubstr("closed by the server before any answer"));
}

TEST(loadgen_http2, a_header_of_http1_alone_is_refused) {
    auto options = options_for("http://127.0.0.1:1/");
    options.headers = {"Connection: close"};
    EXPECT_THAT(refusal(options), HasSubstr("header 'connection': HTTP/2 has no place for it"));
}

TEST(loadgen_http2, a_reset_stream_is_its_own_outcome_and_leaves_the_others) {
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t number) {
            if (number % 4 == 0)
                peer.reset(request.stream, NGHTTP2_REFUSED_STREAM);
            else
                peer.answer(request.stream);
        });
    const auto record = run_with(options_for(server.url(), 1));
    EXPECT_EQ(counts(record).of(outcome::reset), 10u);
    EXPECT_EQ(counts(record).of(outcome::ok), 30u);
    EXPECT_EQ(errors(record).at("http2: RST_STREAM REFUSED_STREAM"), 10u);
    EXPECT_EQ(server.connections(), 1u);
}

TEST(loadgen_http2, nothing_is_lost_when_a_server_goes_away_in_peace) {
    // Each connection takes three requests; those on their way behind them are sent again elsewhere.
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t number) {
            if (number == 2)
                peer.go_away(request.stream);
            if (number <= 2)
                peer.answer(request.stream);
        });
    // Over one connection at a time: what comes back is first on the next one, and not a second time behind
    // the third.
    const auto record = run_with(options_for(server.url(), 1));
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(counts(record).sent, 40u) << "each counts once";
    EXPECT_GT(server.connections(), 10u);
}

TEST(loadgen_http2, what_a_server_going_away_has_not_looked_at_is_sent_again) {
    // The first connection looks at the first of three and lets the others fall.
    std::int32_t first = 0;
    const http2_server server([&](http2_peer& peer, const http2_request_seen& request,
                                  std::uint64_t connection, std::uint64_t number) {
        if (connection > 0) {
            peer.answer(request.stream);
        } else if (number == 0) {
            first = request.stream;
        } else if (number == 2) {
            peer.go_away(first);
            peer.answer(first);
        }
    });
    const auto record = run_with(options_for(server.url(), 1));
    EXPECT_EQ(counts(record).of(outcome::ok), 40u);
    EXPECT_EQ(counts(record).sent, 40u) << "each counts once";
    EXPECT_GE(errors(record).at("http2: not taken, the server was going away (GOAWAY): sent again"), 2u);
}

// Draining, it takes connections and says GOAWAY to each.
std::string go_away_at_once(http2_peer& peer, std::uint64_t connection) {
    if (connection > 0)
        peer.go_away(0);
    return {};
}

TEST(loadgen_http2, a_server_that_goes_away_from_each_connection_at_once_is_left_alone_for_a_while) {
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t) {
            peer.go_away(request.stream);
            peer.answer(request.stream);
        },
        {}, go_away_at_once);
    auto options = options_for(server.url(), 1, 1);
    options.timeout = 2s; // of what waits
    EXPECT_EQ(counts(run_with(options)).of(outcome::ok), 1u);
    EXPECT_GE(server.connections(), 2u);
    EXPECT_LE(server.connections(), 20u) << "after 10, 20, 40 ms and so on";
}

TEST(loadgen_http2, why_a_server_ends_each_connection_at_once_is_told_before_the_start) {
    const http2_server server(answer_all, {}, [](http2_peer& peer, std::uint64_t) {
        peer.go_away(0);
        return std::string();
    });
    EXPECT_THAT(refusal(options_for(server.url())), HasSubstr("http2: not taken, the server was going away"));
    const http2_server angry(answer_all, {}, [](http2_peer& peer, std::uint64_t) {
        peer.go_away(0, NGHTTP2_ENHANCE_YOUR_CALM);
        return std::string();
    });
    EXPECT_THAT(refusal(options_for(angry.url())), HasSubstr("http2: GOAWAY ENHANCE_YOUR_CALM"));
    const testing::connection_threads wrong([](int socket, std::uint64_t) {
        // SETTINGS, then DATA of no stream.
        constexpr std::string_view frames("\0\0\0\4\0\0\0\0\0"
                                          "\0\0\1\0\0\0\0\0\0x",
                                          19);
        ::send(socket, frames.data(), frames.size(), MSG_NOSIGNAL);
        std::array<char, 1024> ignored{};
        while (::recv(socket, ignored.data(), ignored.size(), 0) > 0) {
        }
    });
    EXPECT_THAT(refusal(options_for("http://127.0.0.1:" + std::to_string(wrong.port()) + "/")),
                HasSubstr("http2: the server broke the rules of HTTP/2"));
}

TEST(loadgen_http2, what_a_server_allows_after_it_went_away_is_not_used) {
    // Each connection begins with no stream. On the second GOAWAY comes before SETTINGS that allow four.
    constexpr std::string_view goodbye("\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                       "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\4",
                                       32);
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t connection,
           std::uint64_t number) {
            if (connection == 0 && number == 0)
                peer.go_away(
                    request.stream); // once: where several are read together, a later one breaks the rules
            peer.answer(request.stream);
        },
        0,
        [&](http2_peer& peer, std::uint64_t connection) {
            if (connection != 1)
                peer.allow(4);
            return std::string(connection == 1 ? goodbye : "");
        });
    const auto record = run_with(options_for(server.url(), 1));
    EXPECT_GE(counts(record).of(outcome::ok), 1u);
    EXPECT_EQ(counts(record).of(outcome::ok) + counts(record).of(outcome::connect_error), 40u)
        << "that was no connection";
    EXPECT_EQ(server.connections(), 3u);
}

TEST(loadgen_http2, a_server_may_pause_its_client_and_let_it_go_on) {
    for (const bool in_flight : {false, true})
        for (const bool goes_away : {false, true}) {
            const http2_server server([&](http2_peer& peer, const http2_request_seen& request,
                                          std::uint64_t connection, std::uint64_t number) {
                if (connection == 0 && number == 5) {
                    if (!in_flight)
                        peer.answer(request.stream, 200, "");
                    peer.allow(0);
                    peer.allow(4);
                    if (in_flight)
                        peer.answer(request.stream);
                    return;
                }
                if (goes_away && connection == 0 && number == 10)
                    peer.go_away(request.stream);
                peer.answer(request.stream);
            });
            auto options = options_for(server.url(), 1);
            options.timeout = 5s;
            EXPECT_EQ(counts(run_with(options)).of(outcome::ok), 40u) << in_flight << goes_away;
            EXPECT_EQ(server.connections(), goes_away ? 2u : 1u) << in_flight;
        }
}

TEST(loadgen_http2, a_head_above_64_kilobytes_is_sent) {
    const http2_server server(answer_all);
    auto options = options_for(server.url(), 1, 4);
    for (int i = 0; i < 5; ++i)
        options.headers.push_back(fmt::format("x-{}: {}", i, std::string(14'000, 'x')));
    EXPECT_EQ(counts(run_with(options)).of(outcome::ok), 40u);
    EXPECT_EQ(server.requests().front().field("x-4").size(), 14'000u);
}

TEST(loadgen_http2, why_a_server_goes_away_in_anger_is_told) {
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t connection, std::uint64_t) {
            if (connection == 0)
                peer.end(request.stream, NGHTTP2_ENHANCE_YOUR_CALM);
            else
                peer.answer(request.stream);
        });
    const auto record = run_with(options_for(server.url(), 1, 1));
    EXPECT_EQ(counts(record).of(outcome::reset), 1u);
    EXPECT_THAT(errors(record), ElementsAre(Pair("http2: GOAWAY ENHANCE_YOUR_CALM", 1u)));
    EXPECT_EQ(counts(record).of(outcome::ok), 39u);
}

TEST(loadgen_http2, a_timeout_cancels_its_stream_alone) {
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t number) {
            if (number != 5)
                peer.answer(request.stream);
        });
    auto options = options_for(server.url(), 1);
    options.stages = {{stage_kind::hold, 3s, 20, 20, 1}};
    options.timeout = 1500ms;
    const auto record = run_with(options);
    EXPECT_EQ(counts(record).of(outcome::timeout), 1u);
    EXPECT_EQ(counts(record).of(outcome::ok), 59u);
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_THAT(server.resets(), ElementsAre(NGHTTP2_CANCEL));
}

TEST(loadgen_http2, a_connection_that_says_nothing_more_is_made_anew) {
    const http2_server server([](http2_peer& peer, const http2_request_seen& request,
                                 std::uint64_t connection, std::uint64_t number) {
        if (connection > 0 || number == 0)
            peer.answer(request.stream);
    });
    auto options = options_for(server.url(), 1, 2);
    options.timeout = 1s; // of the connection's begin, too
    options.stages = {{stage_kind::hold, 3s, 20, 20, 1}};
    const auto record = run_with(options);
    EXPECT_GE(counts(record).of(outcome::timeout), 2u);
    EXPECT_GE(server.connections(), 2u);
    EXPECT_GT(counts(record).of(outcome::ok), 1u);
}

TEST(loadgen_http2, a_cut_connection_resets_what_was_on_it) {
    http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t connection, std::uint64_t) {
            if (connection > 0)
                peer.answer(request.stream);
        });
    server.cut_after(4);
    auto options = options_for(server.url(), 1, 4);
    const auto record = run_with(options);
    EXPECT_GE(counts(record).of(outcome::reset), 4u);
    EXPECT_EQ(counts(record).settled(), 40u);
}

TEST(loadgen_http2, an_answer_that_is_none_is_a_protocol_error) {
    const http2_server server([](http2_peer& peer, const http2_request_seen& request, std::uint64_t,
                                 std::uint64_t) { peer.answer(request.stream, 0); });
    const auto record = run_with(options_for(server.url()));
    EXPECT_EQ(counts(record).of(outcome::protocol_error), 40u);
    EXPECT_EQ(errors(record).at("http2: a malformed answer (PROTOCOL_ERROR)"), 40u);
}

TEST(loadgen_http2, a_closed_loop_keeps_every_stream_busy) {
    const http2_server server(answer_all);
    auto options = options_for(server.url(), 1, 3);
    options.stages = {{stage_kind::closed, 1s, 0, 0, 1}};
    const auto record = run_with(options);
    EXPECT_GT(counts(record).of(outcome::ok), 3u);
    EXPECT_EQ(counts(record).of(outcome::ok), counts(record).settled());
}

TEST(loadgen_http2, unexpected_bodies_and_statuses_are_told_from_expected_ones) {
    const http2_server server(
        [](http2_peer& peer, const http2_request_seen& request, std::uint64_t, std::uint64_t number) {
            peer.answer(request.stream, number % 2 == 0 ? 200 : 503, number % 4 == 0 ? "needle" : "hay");
        });
    auto options = options_for(server.url(), 1, 1);
    options.expected_body.emplace("needle");
    const auto record = run_with(options);
    EXPECT_EQ(counts(record).of(outcome::ok), 10u);
    EXPECT_EQ(counts(record).of(outcome::unexpected), 10u);
    EXPECT_EQ(counts(record).of(outcome::http_5xx), 20u);
}

} // namespace
} // namespace beastmark::loadgen
