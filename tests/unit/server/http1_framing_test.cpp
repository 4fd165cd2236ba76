// How bytes become requests: cut anywhere, heads and bodies as RFC 9112 has them, and what ends a connection.
#include "scripted_connection.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

TEST(http1_connection, a_script_cut_anywhere_is_answered_alike) {
    const std::string script = get() + "\r\n" + post("\"a\"") + get("/nowhere") +
                               chunked("3\r\n\"b\"\r\n0;x=y\r\nT: 1\r\n\r\n") + get("/fixed") +
                               get("/now", "Connection: close\r\n") + get();
    environment in; // one for all: hundreds of histograms are slow to make under a sanitizer
    scripted_connection reference{in};
    EXPECT_EQ(reference.give(script), stage::end);
    ASSERT_EQ(reference.statuses(), (statuses{200, 200, 404, 200, 200, 200}));
    EXPECT_EQ(reference.answers()[1].body, "\"a\"");
    EXPECT_EQ(reference.answers()[3].body, "\"b\"");
    EXPECT_TRUE(reference.answers()[5].closes);
    for (std::size_t cut = 1; cut < script.size(); ++cut) {
        scripted_connection connection{in};
        connection.give(std::string_view{script}.substr(0, cut));
        connection.give(std::string_view{script}.substr(cut));
        ASSERT_EQ(connection.out, reference.out) << "cut at " << cut;
        ASSERT_EQ(connection.now, stage::end);
    }
    for (const std::size_t piece : {1, 2, 3, 7, 100}) {
        scripted_connection connection{in};
        connection.give(script, piece);
        ASSERT_EQ(connection.out, reference.out) << "pieces of " << piece;
    }
}

TEST(http1_connection, continue_is_given_once_and_the_body_taken_after_it) {
    environment in;
    scripted_connection connection{in};
    const auto request = post("\"abc\"", "Expect: 100-continue\r\n");
    connection.give(request.substr(0, request.size() - 5));
    EXPECT_EQ(connection.out, continue_response);
    connection.give("\"ab");
    EXPECT_EQ(connection.out, continue_response); // once
    connection.give("c\"");
    ASSERT_EQ(connection.statuses(), (statuses{100, 200}));
    EXPECT_EQ(connection.answers()[1].body, "\"abc\"");
    connection.give(request.substr(0, request.size() - 5)); // and for the next request anew
    EXPECT_EQ(connection.statuses(), (statuses{100, 200, 100}));
}

TEST(http1_connection, continue_is_not_given_when_the_body_is_there_or_not_announced_or_in_1_0) {
    environment in;
    scripted_connection whole{in};
    whole.give(post("\"abc\"", "Expect: 100-continue\r\n"));
    EXPECT_EQ(whole.statuses(), statuses{200});
    scripted_connection none{in};
    none.give(get("/now", "Expect: 100-continue\r\n"));
    EXPECT_EQ(none.statuses(), statuses{200});
    scripted_connection old{in};
    old.give(get("/post", "Expect: 100-continue\r\nContent-Length: 3\r\n", "POST", "HTTP/1.0"));
    EXPECT_EQ(old.out, "");
    old.give("\"a\"");
    EXPECT_EQ(old.statuses(), statuses{200});
}

TEST(http1_connection, a_refusal_instead_of_continue_ends_lingeringly) {
    for (const auto& [head, status] : std::vector<std::pair<std::string, int>>{
             {get("/nowhere", "Expect: 100-continue\r\nContent-Length: 3\r\n", "POST"), 404},
             {get("/now", "Expect: 100-continue\r\nContent-Length: 3\r\n", "POST"), 405},
             {get("/post", "Expect: 100-continue\r\nContent-Length: 16385\r\n", "POST"), 413}}) {
        environment in;
        scripted_connection connection{in};
        EXPECT_EQ(connection.give(head), stage::end);
        ASSERT_EQ(connection.statuses(), statuses{status});
        EXPECT_TRUE(connection.answers()[0].closes);
        EXPECT_TRUE(connection.must_linger());
    }
}

TEST(http1_connection, another_expectation_is_417_and_keeps_the_connection) {
    environment in;
    scripted_connection connection{in};
    connection.give(get("/now", "Expect: tea\r\n") + get());
    EXPECT_EQ(connection.statuses(), (statuses{417, 200}));
}

TEST(http1_connection, a_refused_body_is_not_the_next_request) {
    environment in;
    scripted_connection connection{in};
    const auto smuggled = get("/now");
    connection.give(get("/nowhere", "Content-Length: " + std::to_string(smuggled.size()) + "\r\n", "POST") +
                    smuggled + get("/fixed"));
    EXPECT_EQ(connection.statuses(), (statuses{404, 200}));
    EXPECT_EQ(in.handles.handled, 0);
}

TEST(http1_connection, keeps_or_closes_as_version_and_options_say) {
    struct expectation {
        std::string_view version, line;
        bool kept, says_keep_alive;
    };

    for (const auto& [version, line, kept, says] :
         std::vector<expectation>{{"HTTP/1.1", "", true, false},
                                  {"HTTP/1.1", "Connection: close\r\n", false, false},
                                  {"HTTP/1.1", "Connection: CLOSE\r\n", false, false},
                                  {"HTTP/1.1", "Connection: x, close ,y\r\n", false, false},
                                  {"HTTP/1.1", "Connection: x\r\nConnection: close\r\n", false, false},
                                  {"HTTP/1.1", "Connection: keep-alive, close\r\n", false, false},
                                  {"HTTP/1.1", "Connection: not-close\r\n", true, false},
                                  {"HTTP/1.1", "Connection: keep-alive\r\n", true, false},
                                  {"HTTP/1.0", "", false, false},
                                  {"HTTP/1.0", "Connection: keep-alive\r\n", true, true},
                                  {"HTTP/1.0", "Connection: Keep-Alive, x\r\n", true, true},
                                  {"HTTP/1.0", "Connection: close\r\n", false, false}}) {
        environment in;
        scripted_connection connection{in};
        connection.give(get("/now", line, "GET", version));
        SCOPED_TRACE(std::string{version} + " " + std::string{line});
        ASSERT_EQ(connection.statuses(), statuses{200});
        EXPECT_EQ(connection.now, kept ? stage::input : stage::end);
        EXPECT_EQ(connection.answers()[0].closes, !kept);
        EXPECT_EQ(connection.answers()[0].keeps_alive, says);
        EXPECT_FALSE(connection.must_linger()); // the client asked for it, and sends no more
    }
}

TEST(http1_connection, head_has_the_head_of_get_alone) {
    environment in;
    scripted_connection connection{in};
    connection.heads = {0, 1, 2};
    connection.give(get("/now", "", "HEAD") + get("/nowhere", "", "HEAD") + get("/post", "", "HEAD") + get());
    ASSERT_EQ(connection.statuses(), (statuses{200, 404, 405, 200}));
    EXPECT_TRUE(connection.answers()[0].has("Content-Length: 5"));
    EXPECT_EQ(connection.answers()[3].body, "\"now\"");
}

TEST(http1_connection, absolute_form_names_the_same_resource) {
    environment in;
    scripted_connection connection{in};
    connection.give(get("http://other:1/now") + get("HTTP://x/nowhere") + get("http:///now"));
    EXPECT_EQ(connection.statuses(), (statuses{200, 404, 404}));
}

TEST(http1_connection, an_ambiguous_head_ends_the_connection) {
    for (const auto& bad : std::vector<std::string>{
             get("/now", "A: b\r\n c\r\n"), get("/now", "A: b\r\n\tc\r\n"),                       // folded
             "GET /now HTTP/1.1\nHost: x\n\n", "GET /now HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",      // bare LF
             "GET /now HTTP/1.1\r\n\r\n", get("/now", "Host: x\r\n"), get("/now", "Host: y\r\n"), // Host
             "GET /now HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /now HTTP/1.1\r\nHost: a/b\r\n\r\n",
             get("/now", "Content-Length: 1\r\nContent-Length: 1\r\n"),
             get("/now", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")}) {
        for (const std::size_t piece : {std::size_t{1}, bad.size()}) {
            environment in;
            scripted_connection connection{in};
            EXPECT_EQ(connection.give(bad + get(), piece), stage::end) << bad;
            ASSERT_EQ(connection.statuses(), statuses{400}) << bad;
            EXPECT_TRUE(connection.answers()[0].closes);
            EXPECT_TRUE(connection.must_linger());
            EXPECT_EQ(in.handles.handled, 0);
            EXPECT_EQ(in.rejected_in_all(), 0); // a mistake, not a bound
        }
    }
}

TEST(http1_connection, empty_lines_before_a_request_are_passed_over_however_they_are_cut) {
    const std::string lines = "\r\n\r\n\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{100}}) {
        environment in;
        scripted_connection connection{in};
        connection.give(lines + get() + lines + get() + lines, piece);
        EXPECT_EQ(connection.statuses(), (statuses{200, 200}));
        EXPECT_FALSE(connection.is_busy());
    }
}

TEST(http1_connection, what_ends_no_line_before_a_request_is_400) {
    for (const std::string start : {"\r", "\n", "\r\r\n", "\n\r\n", "\r\n\r", "\r\n\n"}) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{100}}) {
            environment in;
            scripted_connection connection{in};
            EXPECT_EQ(connection.give(start + get(), piece), stage::end);
            EXPECT_EQ(connection.statuses(), (statuses{400}));
        }
    }
}

} // namespace
} // namespace beastmark::testing
