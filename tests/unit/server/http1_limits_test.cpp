// What bounds a connection: sizes, counts, times and overload; each refusal is counted.
#include "scripted_connection.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using namespace std::chrono_literals;

TEST(http1_connection, chunks_have_limits) {
    const request_limits small{256, 10, 100};
    for (const auto& [chunks, status] : std::vector<std::pair<std::string, int>>{
             {"64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n", 200},
             {"65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n", 413},
             {repeated("32\r\n" + std::string(50, 'x') + "\r\n", 3) + "0\r\n\r\n", 413},
             {"1;" + std::string(300, 'e') + "\r\nx\r\n0\r\n\r\n", 400},
             {"0\r\nT: " + std::string(300, 't') + "\r\n\r\n", 400},
             {"0\r\nno colon\r\n\r\n", 400},
             {"x\r\nab", 400}}) {
        const bool long_header = chunks.size() > 300 && status == 400;
        for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, chunks.size()}) {
            environment in{small};
            scripted_connection connection{in};
            connection.give(chunked(chunks), piece);
            ASSERT_EQ(connection.statuses(), statuses{status}) << chunks << " by " << piece;
            EXPECT_EQ(connection.now, status == 200 ? stage::input : stage::end);
            EXPECT_EQ(in.rejected(rejection::body_size), status == 413 ? 1 : 0);
            EXPECT_EQ(in.rejected(rejection::head_size), long_header ? 1 : 0) << chunks << " by " << piece;
        }
    }
}

TEST(http1_connection, heads_over_a_bound_are_431_and_counted_once) {
    for (const std::size_t piece : {1, 10'000}) {
        environment in{request_limits{300, 5, 100}};
        scripted_connection large{in};
        large.give(get("/now", "A: " + std::string(300, 'a') + "\r\n"), piece);
        EXPECT_EQ(large.statuses(), statuses{431});
        EXPECT_EQ(in.rejected(rejection::head_size), 1);
        scripted_connection many{in};
        many.give(get("/now", repeated("A: b\r\n", 5)), piece); // Host is the sixth
        EXPECT_EQ(many.statuses(), statuses{431});
        EXPECT_EQ(in.rejected(rejection::header_count), 1);
        scripted_connection just{in};
        just.give(get("/now", repeated("A: b\r\n", 4)), piece);
        EXPECT_EQ(just.statuses(), statuses{200});
        EXPECT_EQ(in.rejected_in_all(), 2);
    }
}

TEST(http1_connection, the_last_request_allowed_is_answered_with_close) {
    environment in{request_limits{}, {.requests = 3}};
    scripted_connection connection{in};
    EXPECT_EQ(connection.give(repeated(get(), 5)), stage::end);
    ASSERT_EQ(connection.statuses(), (statuses{200, 200, 200}));
    EXPECT_FALSE(connection.answers()[1].closes);
    EXPECT_TRUE(connection.answers()[2].closes);
    EXPECT_TRUE(connection.must_linger()); // the client did not ask for it
    EXPECT_EQ(connection.requests(), 3U);
    EXPECT_EQ(in.rejected(rejection::request_count), 1);

    scripted_connection ends_itself{in};
    ends_itself.give(repeated(get(), 2) + get("/now", "Connection: close\r\n"));
    EXPECT_EQ(in.rejected(rejection::request_count), 1); // no bound ended that one
}

TEST(http1_connection, more_in_flight_than_the_bound_is_503_and_keeps_the_connection) {
    environment in{request_limits{}, {.requests = 0, .pipelined = 64, .in_flight = 2}};
    scripted_connection first{in};
    scripted_connection second{in};
    scripted_connection third{in};
    first.give(get("/later"));
    second.give(get("/later"));
    EXPECT_EQ(third.give(get() + get("/fixed")), stage::input); // a fixed answer costs nothing: given
    ASSERT_EQ(third.statuses(), (statuses{503, 200}));
    EXPECT_TRUE(third.answers()[0].has("Retry-After: 1"));
    EXPECT_FALSE(third.answers()[0].closes);
    EXPECT_EQ(in.rejected(rejection::overload), 1);
    in.handles.answer_oldest();
    third.give(get());
    EXPECT_EQ(third.statuses(), (statuses{503, 200, 200}));
    EXPECT_EQ(in.rejected(rejection::overload), 1);
    in.handles.answer_oldest();
    EXPECT_EQ(second.statuses(), statuses{200});
}

TEST(http1_connection, what_waited_too_long_is_503_and_keeps_the_connection) {
    environment in{request_limits{}, {.requests = 0, .pipelined = 64, .in_flight = 10, .queue_time = 500ms}};
    scripted_connection connection{in};
    connection.came_after(connection.time - 500ms);
    connection.give(get());
    EXPECT_EQ(connection.statuses(), statuses{200}); // just in time
    connection.came_after(connection.time - 501ms);
    connection.give(get() + get());
    ASSERT_EQ(connection.statuses(), (statuses{200, 503, 503}));
    EXPECT_TRUE(connection.answers()[1].has("Retry-After: 1"));
    EXPECT_EQ(in.rejected(rejection::overload), 2);
    connection.came_after(connection.time + 1s); // known to be newer than the read: nothing to say
    connection.give(get());
    EXPECT_EQ(connection.now, stage::input);
    EXPECT_EQ(connection.statuses(), (statuses{200, 503, 503, 200}));
}

TEST(http1_connection, a_request_that_is_not_complete_in_time_is_408) {
    for (const auto& [start, why] : std::vector<std::pair<std::string, rejection>>{
             {"G", rejection::head_timeout},
             {get().substr(0, 20), rejection::head_timeout},
             {post("\"abc\"").substr(0, 54), rejection::body_timeout},
             {chunked("3\r\nab"), rejection::body_timeout}}) {
        environment in;
        scripted_connection connection{in};
        connection.give(get() + start);
        ASSERT_TRUE(connection.is_busy());
        EXPECT_EQ(connection.has_head(), why == rejection::body_timeout);
        connection.time_out();
        EXPECT_EQ(connection.go_on(), stage::end);
        ASSERT_EQ(connection.statuses(), (statuses{200, 408}));
        EXPECT_TRUE(connection.answers()[1].closes);
        EXPECT_TRUE(connection.must_linger());
        EXPECT_EQ(in.rejected(why), 1);
        EXPECT_EQ(in.rejected_in_all(), 1);
        EXPECT_EQ(connection.requests(), 1U); // received whole
    }
}

TEST(http1_connection, empty_lines_are_no_activity_and_a_half_one_has_to_end) {
    environment in;
    scripted_connection connection{in};
    const auto began = connection.last_active();
    connection.time = began + 1h;
    connection.give("\r\n\r\n");
    EXPECT_EQ(connection.last_active(), began);
    connection.give("\r");
    EXPECT_TRUE(connection.is_busy());
    EXPECT_EQ(connection.last_received(), began + 1h);
    connection.time_out();
    EXPECT_EQ(connection.go_on(), stage::end);
    EXPECT_EQ(connection.statuses(), (statuses{408}));
    EXPECT_EQ(in.rejected(rejection::head_timeout), 1);
}

TEST(http1_connection, bytes_of_a_request_are_activity) {
    environment in;
    scripted_connection connection{in};
    const auto began = connection.last_active();
    connection.time = began + 1h;
    connection.give("\r\nG");
    EXPECT_EQ(connection.last_active(), began + 1h);
    connection.time = began + 2h;
    connection.give("E");
    EXPECT_EQ(connection.last_active(), began + 2h);
}

TEST(request_limits, name_themselves_in_their_refusals) {
    const request_limits limits{300, 5, 77};
    EXPECT_NE(limits.head_too_large().detail.find("300"), std::string_view::npos);
    EXPECT_NE(limits.too_many_headers().detail.find(" 5"), std::string_view::npos);
    EXPECT_NE(limits.body_too_large().detail.find("77"), std::string_view::npos);
    EXPECT_NE(limits.chunk_head_too_large().detail.find("300"), std::string_view::npos);
    EXPECT_EQ(limits.head_too_large().counted_as, rejection::head_size);
    EXPECT_EQ(limits.too_many_headers().counted_as, rejection::header_count);
    EXPECT_EQ(limits.body_too_large().counted_as, rejection::body_size);
    EXPECT_EQ(limits.chunk_head_too_large().counted_as, rejection::head_size);
}

TEST(rejection, has_a_label_for_each) {
    EXPECT_EQ(rejection_labels[static_cast<std::size_t>(rejection::descriptors)], "descriptors");
    EXPECT_EQ(rejection_labels[static_cast<std::size_t>(rejection::head_timeout)], "head_timeout");
    EXPECT_EQ(rejection_count, static_cast<std::size_t>(rejection::descriptors) + 1);
}

} // namespace
} // namespace beastmark::testing
