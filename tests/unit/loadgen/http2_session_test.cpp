// Our side of an HTTP/2 connection against another library's other side, without sockets.
#include "loadgen/http2/http2_error.hpp"
#include "loadgen/http2/http2_session.hpp"
#include "tests/support/http2_peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

using ::testing::ElementsAre;
using testing::http2_peer;
using testing::http2_request_seen;
using ::testing::IsEmpty;
using kind = http2_event_kind;

// A request and what its message refers to.
struct sent {
    explicit sent(const std::string& method, std::string_view text = "",
                  const std::vector<std::string>& headers = {})
        : made(method, where, body_template::literal(where.target), headers, body_template::literal(text),
               files, http_version::http_2) {
        made.render(message, nullptr, 1, 0);
    }

    url where = url::parse("http://service:8080/path?q=1");
    line_files files;
    request_template made;
    http2_message message;
};

void answer_ok(http2_peer& peer, const http2_request_seen& request) {
    peer.answer(request.stream);
}

// A session and its peer, and what passes between them.
struct talk {
    explicit talk(http2_peer::handler h, std::uint32_t places = 4, std::optional<std::uint32_t> allowed = {},
                  const body_search* wanted = nullptr)
        : peer(std::move(h), allowed), session(places, wanted) {}

    // Until neither side has anything to say. Returns the events.
    std::vector<http2_event> go_on() {
        std::vector<http2_event> all;
        for (bool something = true; something;) {
            something = false;
            for (auto out = session.output(); !out.empty(); out = session.output()) {
                peer.feed(out);
                something = true;
            }
            if (const auto out = peer.output(); !out.empty()) {
                session.feed(out);
                something = true;
            }
            std::vector<http2_event> events;
            session.take_events(events);
            all.insert(all.end(), events.begin(), events.end());
        }
        return all;
    }

    http2_peer peer;
    http2_session session;
};

std::vector<kind> kinds(const std::vector<http2_event>& events) {
    std::vector<kind> all;
    for (const auto& e : events)
        all.push_back(e.what);
    return all;
}

TEST(http2_session, begins_when_the_server_says_how_many_streams_it_allows) {
    talk t(answer_ok, 4, 100);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::streams_allowed));
    EXPECT_EQ(events[0].count, 100u);
    talk without_limit(answer_ok);
    EXPECT_GT(without_limit.go_on().at(0).count, 1'000'000u);
}

TEST(http2_session, lets_the_server_send_answers_without_asking_and_nothing_else) {
    talk t(answer_ok);
    t.go_on();
    constexpr auto gigabyte = (1 << 30) - 1;
    EXPECT_EQ(t.peer.setting_of_client(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), gigabyte) << "of each stream";
    EXPECT_EQ(t.peer.window(), gigabyte) << "of all";
    EXPECT_EQ(t.peer.setting_of_client(NGHTTP2_SETTINGS_ENABLE_PUSH), 0u);
}

TEST(http2_session, a_request_has_its_pseudo_fields_and_names_in_lower_case) {
    http2_request_seen seen;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        seen = request;
        peer.answer(request.stream);
    });
    t.go_on();
    const sent get("GET", "", {"X-Test: Value", "Host: other"});
    t.session.submit(2, get.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::first_byte, kind::answered));
    EXPECT_EQ(events[1].place, 2u);
    EXPECT_EQ(events[1].status, 200u);
    EXPECT_EQ(seen.field(":method"), "GET");
    EXPECT_EQ(seen.field(":scheme"), "http");
    EXPECT_EQ(seen.field(":authority"), "other");
    EXPECT_EQ(seen.field(":path"), "/path?q=1");
    EXPECT_EQ(seen.field("x-test"), "Value");
    EXPECT_EQ(seen.field("host"), "");
    EXPECT_EQ(seen.field("content-length"), "");
}

TEST(http2_session, a_body_goes_out_as_the_server_makes_room_for_it) {
    std::string came;
    std::string length;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        came = request.body;
        length = request.field("content-length");
        peer.answer(request.stream, 201);
    });
    t.go_on();
    const auto body = std::string(300'000, 'b') + "end"; // several windows of 65,535
    const sent post("POST", body);
    t.session.submit(0, post.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::first_byte, kind::answered));
    EXPECT_EQ(events[1].status, 201u);
    EXPECT_EQ(came, body);
    EXPECT_EQ(length, "300003");
}

TEST(http2_session, answers_come_in_any_order_to_their_places) {
    std::vector<std::int32_t> waiting;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        waiting.push_back(request.stream);
        if (waiting.size() < 3)
            return;
        peer.answer(waiting[2], 202);
        peer.answer(waiting[0], 200);
        peer.answer(waiting[1], 404);
    });
    t.go_on();
    const sent get("GET");
    for (const std::uint32_t place : {3u, 1u, 0u})
        t.session.submit(place, get.message);
    std::map<std::uint32_t, unsigned> statuses;
    for (const auto& e : t.go_on())
        if (e.what == kind::answered)
            statuses[e.place] = e.status;
    EXPECT_EQ(statuses, (std::map<std::uint32_t, unsigned>{{3, 200}, {1, 404}, {0, 202}}));
}

TEST(http2_session, a_1xx_is_the_first_byte_and_not_the_answer) {
    talk t([](http2_peer& peer, const http2_request_seen& request) {
        peer.say_first(request.stream, 103);
        peer.answer(request.stream, 204, "");
    });
    t.go_on();
    const sent get("GET");
    t.session.submit(0, get.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::first_byte, kind::answered));
    EXPECT_EQ(events[1].status, 204u);
}

TEST(http2_session, an_answer_to_head_has_a_length_and_no_body) {
    talk t([](http2_peer& peer, const http2_request_seen& request) {
        peer.answer(request.stream, 200, "", {{"content-length", "1000"}});
    });
    t.go_on();
    const sent head("HEAD");
    t.session.submit(0, head.message);
    EXPECT_THAT(kinds(t.go_on()), ElementsAre(kind::first_byte, kind::answered));
}

TEST(http2_session, looks_for_a_text_in_each_body) {
    const body_search wanted("needle");
    std::string long_one(40'000, 'x');
    talk t(
        [&](http2_peer& peer, const http2_request_seen& request) {
            peer.answer(request.stream, 200, request.field("x-has") == "1" ? long_one + "needle" : long_one);
        },
        4, {}, &wanted);
    t.go_on();
    const sent has("GET", "", {"x-has: 1"});
    const sent has_not("GET", "", {"x-has: 0"});
    t.session.submit(0, has.message);
    t.session.submit(1, has_not.message);
    std::map<std::uint32_t, bool> found;
    for (const auto& e : t.go_on())
        if (e.what == kind::answered)
            found[e.place] = e.body_as_expected;
    EXPECT_EQ(found, (std::map<std::uint32_t, bool>{{0, true}, {1, false}}));
}

TEST(http2_session, a_reset_stream_says_with_which_code) {
    talk t([](http2_peer& peer, const http2_request_seen& request) {
        peer.reset(request.stream, request.field(":method") == "GET" ? NGHTTP2_REFUSED_STREAM : 4711);
    });
    t.go_on();
    const sent get("GET");
    const sent del("DELETE");
    t.session.submit(0, get.message);
    t.session.submit(1, del.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::failed, kind::failed));
    EXPECT_EQ(events[0].how, outcome::reset);
    EXPECT_EQ(events[0].code.message(), "RST_STREAM REFUSED_STREAM");
    EXPECT_EQ(events[1].code.message(), "RST_STREAM with a code that has no name");
    t.session.submit(0, get.message); // the connection goes on
    EXPECT_THAT(kinds(t.go_on()), ElementsAre(kind::failed));
}

TEST(http2_session, an_answer_without_a_status_is_malformed) {
    talk t([](http2_peer& peer, const http2_request_seen& request) { peer.answer(request.stream, 0); });
    t.go_on();
    const sent get("GET");
    t.session.submit(0, get.message);
    const auto events = t.go_on();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().what, kind::failed);
    EXPECT_EQ(events.back().how, outcome::protocol_error);
    EXPECT_EQ(events.back().code.message(), "a malformed answer (PROTOCOL_ERROR)");
}

TEST(http2_session, a_head_above_64_kilobytes_is_sent_and_one_that_is_not_blames_nobody) {
    std::size_t came = 0;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        ++came;
        peer.answer(request.stream);
    });
    t.go_on();
    const std::string value(30'000, 'v');
    const sent large("GET", "", {"x-1: " + value, "x-2: " + value, "x-3: " + value});
    t.session.submit(0, large.message);
    EXPECT_THAT(kinds(t.go_on()), ElementsAre(kind::first_byte, kind::answered));
    const sent too_large("GET", "", {"x: " + std::string(2 << 20, 'v')});
    t.session.submit(0, too_large.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::failed));
    EXPECT_EQ(events[0].how, outcome::reset);
    EXPECT_EQ(events[0].code.message(), "not sent: libnghttp2 refused the request");
    EXPECT_EQ(came, 1u);
}

TEST(http2_session, what_a_server_going_away_has_not_looked_at_can_be_sent_again) {
    int came = 0;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        if (came++ > 0)
            return;
        peer.go_away(request.stream);
        peer.answer(request.stream);
    });
    t.go_on();
    const sent get("GET");
    for (const std::uint32_t place : {0u, 1u, 2u})
        t.session.submit(place, get.message);
    std::map<std::uint32_t, kind> ends;
    bool going_away = false;
    for (const auto& e : t.go_on()) {
        going_away = going_away || e.what == kind::going_away;
        if (e.what == kind::answered || e.what == kind::not_taken)
            ends[e.place] = e.what;
    }
    EXPECT_TRUE(going_away);
    EXPECT_EQ(ends, (std::map<std::uint32_t, kind>{
                        {0, kind::answered}, {1, kind::not_taken}, {2, kind::not_taken}}));
}

TEST(http2_session, says_why_a_server_goes_away_in_anger) {
    talk t([](http2_peer& peer, const http2_request_seen& request) {
        peer.go_away(request.stream, NGHTTP2_ENHANCE_YOUR_CALM);
    });
    t.go_on();
    const sent get("GET");
    t.session.submit(0, get.message);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::going_away));
    EXPECT_EQ(events[0].code.message(), "GOAWAY ENHANCE_YOUR_CALM");
}

TEST(http2_session, what_is_given_up_is_cancelled_and_its_place_is_free) {
    bool silent = true;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        if (!silent)
            peer.answer(request.stream);
    });
    t.go_on();
    const sent get("GET");
    t.session.submit(0, get.message);
    EXPECT_THAT(t.go_on(), IsEmpty());
    t.session.cancel(0);
    silent = false;
    t.session.submit(0, get.message);
    EXPECT_THAT(kinds(t.go_on()), ElementsAre(kind::first_byte, kind::answered)) << "the second one's";
    EXPECT_THAT(t.peer.resets(), ElementsAre(NGHTTP2_CANCEL));
}

TEST(http2_session, a_request_given_up_before_it_went_out_takes_nobody_elses_body) {
    std::vector<std::string> bodies;
    talk t([&](http2_peer& peer, const http2_request_seen& request) {
        bodies.push_back(request.body);
        peer.answer(request.stream);
    });
    t.go_on();
    const sent first("POST", "first");
    const sent second("POST", "second");
    t.session.submit(0, first.message);
    t.session.cancel(0);
    t.session.submit(0, second.message);
    EXPECT_THAT(kinds(t.go_on()), ElementsAre(kind::first_byte, kind::answered));
    EXPECT_EQ(bodies.back(), "second");
}

TEST(http2_session, an_answer_before_the_whole_request_ends_it) {
    talk t([](http2_peer&, const http2_request_seen&) { FAIL() << "the request never ends"; });
    t.go_on();
    const sent post("POST", std::string(200'000, 'b'));
    t.session.submit(0, post.message);
    t.peer.feed(t.session.output()); // as much as there is room for
    t.peer.answer(1, 413);
    const auto events = t.go_on();
    ASSERT_THAT(kinds(events), ElementsAre(kind::first_byte, kind::answered));
    EXPECT_EQ(events[1].status, 413u);
    EXPECT_THAT(t.peer.resets(), ElementsAre(NGHTTP2_CANCEL));
}

TEST(http2_session, a_later_limit_of_streams_is_told) {
    talk t([](http2_peer& peer, const http2_request_seen& request) {
        peer.allow(2);
        peer.answer(request.stream);
    });
    t.go_on();
    const sent get("GET");
    t.session.submit(0, get.message);
    const auto events = t.go_on();
    ASSERT_EQ(events.front().what, kind::streams_allowed);
    EXPECT_EQ(events.front().count, 2u);
}

TEST(http2_session, says_when_no_further_request_has_an_id) {
    http2_session session(2, nullptr, INT32_MAX - 2);
    const sent get("GET");
    session.submit(0, get.message);
    EXPECT_FALSE(session.used_up());
    session.submit(1, get.message);
    EXPECT_TRUE(session.used_up());
    std::vector<http2_event> events;
    session.take_events(events);
    EXPECT_THAT(events, IsEmpty()) << "both have one";
}

TEST(http2_session, whoever_answers_with_http1_is_told_so) {
    http2_session session(1, nullptr);
    EXPECT_TRUE(session.output().starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    session.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
    std::vector<http2_event> events;
    session.take_events(events);
    ASSERT_THAT(kinds(events), ElementsAre(kind::over));
    EXPECT_EQ(events[0].code, http2_errc::answers_http1);
}

TEST(http2_session, a_server_that_breaks_the_rules_is_told_goodbye) {
    http2_session session(1, nullptr);
    EXPECT_FALSE(session.output().empty());
    session.feed("this is nothing that anybody could read as a frame of HTTP/2");
    EXPECT_FALSE(session.output().empty()) << "GOAWAY";
    std::vector<http2_event> events;
    session.take_events(events);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().what, kind::over);
    EXPECT_TRUE(session.output().empty());
}

} // namespace
} // namespace beastmark::loadgen
