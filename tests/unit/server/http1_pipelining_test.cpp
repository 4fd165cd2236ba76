// Requests that follow each other on a connection: their order, how many at a time, and the end of it.
#include "scripted_connection.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace beastmark::testing {
namespace {

TEST(http1_connection, answers_keep_the_order_of_requests_when_some_come_later) {
    environment in;
    scripted_connection connection{in};
    EXPECT_EQ(connection.give(get("/later") + post("\"2\"") + get("/later") + post("\"4\"")), stage::handler);
    EXPECT_EQ(connection.out, "");
    EXPECT_EQ(in.handles.handled, 1); // nothing further is taken: back-pressure
    in.handles.answer_oldest("\"1\"");
    EXPECT_EQ(connection.now, stage::handler);
    in.handles.answer_oldest("\"3\"");
    EXPECT_EQ(connection.now, stage::input);
    std::string bodies;
    for (const auto& each : connection.answers()) {
        bodies += each.body;
    }
    EXPECT_EQ(bodies, R"("1""2""3""4")");
    EXPECT_EQ(connection.answers_later, 2);
}

TEST(http1_connection, may_be_answered_from_within_anothers_handle) {
    environment in;
    scripted_connection waits{in};
    scripted_connection other{in};
    EXPECT_EQ(waits.give(get("/later") + post("\"next\"")), stage::handler);
    in.handles.first = [&] { in.handles.answer_oldest(); };
    EXPECT_EQ(other.give(post("\"mine\"")), stage::input);
    ASSERT_EQ(waits.statuses(), (statuses{200, 200}));
    EXPECT_EQ(waits.answers()[1].body, "\"next\"");
    ASSERT_EQ(other.statuses(), statuses{200});
    EXPECT_EQ(other.answers()[0].body, "\"mine\"");
    EXPECT_EQ(waits.answers_later, 1);
    EXPECT_EQ(other.answers_later, 0); // answered in its own handle(): nothing to be told of
    EXPECT_EQ(in.metrics.active_requests.value(), 0);
}

TEST(http1_connection, a_batch_is_bounded_and_sent_before_more_is_taken) {
    environment in{request_limits{}, {.requests = 0, .pipelined = 4}};
    scripted_connection connection{in};
    const auto space = connection.input_space();
    const auto script = repeated(get(), 10);
    script.copy(space.data(), space.size());
    connection.received(script.size(), connection.time);
    for (const int so_far : {4, 8}) {
        EXPECT_EQ(connection.advance(), stage::output);
        EXPECT_EQ(in.handles.handled, so_far);
    }
    EXPECT_EQ(connection.advance(), stage::input);
    EXPECT_EQ(in.handles.handled, 10);
    connection.take();
    EXPECT_EQ(connection.statuses(), statuses(10, 200));
}

TEST(http1_connection, takes_nothing_more_while_64_kibibytes_wait_to_be_sent) {
    environment in{request_limits{}, {.requests = 0, .pipelined = 10'000}};
    scripted_connection connection{in};
    const std::string large(8000, 'x');
    const auto request = post(large);
    stage now = stage::input;
    int given = 0;
    for (; given < 100 && now == stage::input; ++given) {
        std::string_view left = request;
        while (!left.empty()) {
            const auto space = connection.input_space();
            const auto bytes = left.copy(space.data(), space.size());
            left.remove_prefix(bytes);
            connection.received(bytes, connection.time);
            now = connection.advance();
        }
    }
    EXPECT_EQ(now, stage::output);
    EXPECT_LE(connection.output().size(), 64U * 1024 + 10'000);
    EXPECT_GE(connection.output().size(), 64U * 1024);
    connection.take();
    EXPECT_EQ(connection.go_on(), stage::input);
    EXPECT_EQ(connection.statuses(), statuses(static_cast<std::size_t>(given), 200));
}

TEST(http1_connection, output_is_kept_when_the_socket_takes_a_part) {
    environment in;
    scripted_connection connection{in};
    connection.takes = 3;
    connection.give(get() + post("\"b\"") + get("/nowhere"));
    EXPECT_EQ(connection.statuses(), (statuses{200, 200, 404}));
    EXPECT_FALSE(connection.is_busy());

    scripted_connection partly{in};
    const auto request = get("/later");
    const auto space = partly.input_space();
    partly.received(request.copy(space.data(), space.size()), partly.time);
    EXPECT_EQ(partly.advance(), stage::handler);
    in.handles.answer_oldest(); // takes all
    EXPECT_EQ(partly.statuses(), statuses{200});
}

TEST(http1_connection, what_comes_behind_the_last_request_is_dropped_lingeringly) {
    environment in;
    scripted_connection connection{in};
    EXPECT_EQ(connection.give(get("/now", "Connection: close\r\n") + get() + "GET /no"), stage::end);
    EXPECT_EQ(connection.statuses(), statuses{200});
    EXPECT_EQ(in.handles.handled, 1);
    EXPECT_TRUE(connection.must_linger());
    EXPECT_FALSE(connection.is_busy()); // its workspace is not kept while it lingers
    EXPECT_EQ(connection.advance(), stage::end);
}

TEST(http1_connection, draining_ends_it_with_the_next_answer) {
    environment in;
    scripted_connection idle{in};
    scripted_connection waits{in};
    idle.give(get());
    waits.give(get("/later"));
    in.shared.draining = true;
    EXPECT_EQ(idle.give(get() + get()), stage::end);
    ASSERT_EQ(idle.statuses(), (statuses{200, 200}));
    EXPECT_FALSE(idle.answers()[0].closes);
    EXPECT_TRUE(idle.answers()[1].closes);
    EXPECT_TRUE(idle.must_linger());
    in.handles.answer_oldest();
    ASSERT_EQ(waits.statuses(), statuses{200});
    EXPECT_TRUE(waits.answers()[0].closes);
    EXPECT_EQ(waits.now, stage::end);
    EXPECT_TRUE(waits.must_linger());
}

} // namespace
} // namespace beastmark::testing
