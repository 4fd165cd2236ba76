// A connection's socket: when it is read, which deadline it has, how it ends.
#include "hand_driven_core.hpp"
#include "tests/support/answer_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace beastmark::server {
namespace {

using namespace std::chrono_literals;
using testing::client_end;
using testing::hand_driven_core;
using clock = hand_driven_core::clock;

const route_table routes{
    {"/now", method::get}, {"/later", method::get}, {"/slow", method::get}, {"/large", method::get}};

const std::string large(1 << 20, 'x');

std::deque<exchange*> waiting;

class scripted_handler final : public handler {
public:
    void handle(exchange& request) override {
        if (request.route_index() == 1) {
            waiting.push_back(&request);
            return;
        }
        if (request.route_index() == 2) {
            std::this_thread::sleep_for(1200ms);
        }
        request.respond(response{.body = request.route_index() == 3 ? std::string_view{large} : "1"});
    }

    void stop() override {
        while (!waiting.empty()) {
            answer_oldest();
        }
    }

    static void answer_oldest() {
        exchange& oldest = *waiting.front();
        waiting.pop_front();
        oldest.respond(response{.body = "2"});
    }
};

std::unique_ptr<handler> scripted() {
    return std::make_unique<scripted_handler>();
}

std::string get(std::string_view path = "/now", std::string_view lines = {}) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{lines} + "\r\n";
}

// A request of so many bytes.
std::string get_of(std::size_t size) {
    const auto bare = get("/now", "A: \r\n").size();
    return get("/now", "A: " + std::string(size - bare, 'a') + "\r\n");
}

std::vector<int> statuses(client_end& client) {
    std::vector<int> all;
    const auto read = testing::read_answers(client.receive(), [](std::size_t) { return false; });
    EXPECT_TRUE(read) << client.receive();
    for (const auto& each : read.value_or(std::vector<testing::read_answer>{})) {
        all.push_back(each.status);
    }
    return all;
}

class session_test : public ::testing::Test {
protected:
    ~session_test() override { waiting.clear(); } // of a test that failed on its way
};

// What the input buffer holds, in requests that fill it exactly.
constexpr std::size_t input_bytes = request_limits::default_head_bytes + 1;
static_assert(input_bytes % 3 == 0);
constexpr std::size_t third = input_bytes / 3;

std::string flood(int requests) {
    std::string all;
    for (int i = 0; i < requests; ++i) {
        all += get_of(third);
    }
    return all;
}

TEST_F(session_test, one_that_has_not_spoken_yet_has_its_idle_time) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    const auto made = clock::now();
    served.turn(2); // its socket can be written to: an event
    served.expire(made + 59s);
    EXPECT_EQ(served.connections(), 1);
    EXPECT_TRUE(client.send(get()));
    served.turn();
    EXPECT_EQ(statuses(client), std::vector<int>{200});
    served.expire(clock::now() + 60s);
    EXPECT_EQ(served.connections(), 0);
    EXPECT_TRUE(client.ended());
}

TEST_F(session_test, one_that_keeps_the_core_reading_is_not_idle) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    served.turn(2);
    const auto armed = clock::now();
    std::this_thread::sleep_for(2ms); // so that the times differ
    ASSERT_TRUE(client.send(flood(40)));
    served.turn(); // eight reads, then the others have their turn
    EXPECT_EQ(statuses(client).size(), 24U);
    served.expire(armed + 60s);
    served.turn(3);
    EXPECT_EQ(statuses(client), std::vector<int>(40, 200));
    EXPECT_EQ(served.connections(), 1);
}

TEST_F(session_test, the_deadline_of_an_earlier_head_does_not_end_what_came_after_it) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    served.turn(2);
    const auto all = flood(40);
    ASSERT_TRUE(client.send(std::string_view{all}.substr(0, 3)));
    served.turn(); // a head is awaited
    ASSERT_TRUE(client.send(std::string_view{all}.substr(3)));
    served.turn();
    EXPECT_EQ(statuses(client).size(), 24U);
    served.expire(clock::now() + 6s); // past the deadline of that head
    served.turn(3);
    EXPECT_EQ(statuses(client), std::vector<int>(40, 200));
}

TEST_F(session_test, dribbled_bytes_do_not_buy_a_head_more_time) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send("G"));
    served.turn(2);
    const auto armed = clock::now();
    std::this_thread::sleep_for(2ms);
    ASSERT_TRUE(client.send("E"));
    served.turn();
    served.expire(armed + 5s);
    EXPECT_EQ(statuses(client), std::vector<int>{408});
    EXPECT_EQ(served.connections(), 1); // it lingers
    client.close();
    served.turn();
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, closes_at_once_where_the_client_asked_for_it) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send(get("/now", "Connection: close\r\n")));
    served.turn(2);
    EXPECT_EQ(served.connections(), 0);
    EXPECT_EQ(statuses(client), std::vector<int>{200});
}

TEST_F(session_test, lingers_where_more_has_come_and_answers_none_of_it) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send(get("/now", "Connection: close\r\n") + get()));
    served.turn(2);
    EXPECT_EQ(served.connections(), 1);
    ASSERT_TRUE(client.send(get()));
    served.turn(2);
    EXPECT_EQ(statuses(client), std::vector<int>{200});
    EXPECT_TRUE(client.ended());
    served.expire(clock::now() + 5s);
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, a_lingering_one_is_not_cut_with_an_answer_owed) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    served.turn(2);
    (*served).begin_drain(10s);
    served.turn();
    ASSERT_TRUE(client.send(get()));
    served.turn();
    EXPECT_EQ(statuses(client), std::vector<int>{200});
    EXPECT_EQ(served.connections(), 1); // it lingers: the client did not ask for the end
    (*served).cut();
    served.turn();
    EXPECT_EQ(served.connections(), 0);
    EXPECT_EQ((*served).cut_connections(), 0U);
}

TEST_F(session_test, one_that_waits_for_its_answer_is_cut_with_an_answer_owed) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send(get("/later")));
    served.turn(2);
    (*served).cut();
    served.turn();
    EXPECT_EQ((*served).cut_connections(), 1U);
    EXPECT_EQ(served.connections(), 0);
    EXPECT_TRUE(waiting.empty());
}

TEST_F(session_test, what_waited_for_its_own_connections_answer_did_not_wait_for_the_core) {
    hand_driven_core served{routes, scripted(), {.queue_time = 1s}};
    auto client = served.connect();
    served.turn(2);
    ASSERT_TRUE(client.send(get("/later")));
    served.turn();
    ASSERT_TRUE(client.send(get()));
    served.turn(); // told of, and left in the kernel
    std::this_thread::sleep_for(1200ms);
    scripted_handler::answer_oldest();
    EXPECT_EQ(statuses(client), (std::vector<int>{200, 200}));
}

TEST_F(session_test, a_client_that_went_away_is_let_go_when_its_answer_comes) {
    hand_driven_core served{routes, scripted()};
    {
        auto client = served.connect();
        ASSERT_TRUE(client.send(get("/later")));
        served.turn(2);
    }
    served.turn();
    EXPECT_EQ(served.connections(), 1); // the handler still has it
    scripted_handler::answer_oldest();
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, answers_that_the_client_does_not_take_are_kept_then_cut_off) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += get();
    }
    for (int round = 0; round < 100; ++round) {
        client.send(many); // as much as the kernel takes
        served.turn();
    }
    served.turn(20);
    EXPECT_EQ(served.connections(), 1);
    served.expire(clock::now() + 5s);
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, one_that_pipelines_much_lets_the_others_have_their_turn) {
    hand_driven_core served{routes, scripted()};
    auto greedy = served.connect();
    auto modest = served.connect();
    served.turn(2);
    std::string many;
    for (int i = 0; i < 500; ++i) {
        many += get();
    }
    ASSERT_TRUE(greedy.send(many));
    ASSERT_TRUE(modest.send(get()));
    served.turn();
    EXPECT_EQ(statuses(modest), std::vector<int>{200});
    const auto first = statuses(greedy).size();
    EXPECT_GT(first, 0U);
    EXPECT_LE(first, 2 * connection_limits{}.pipelined);
    for (int i = 0; i < 10 && statuses(greedy).size() < 500; ++i) { // without another byte from it
        const auto before = statuses(greedy).size();
        ASSERT_TRUE(modest.send(get()));
        served.turn();
        // Two batches, and before a read less than one.
        EXPECT_LT(statuses(greedy).size() - before, 3 * connection_limits{}.pipelined);
        EXPECT_EQ(statuses(modest).size(), static_cast<std::size_t>(i) + 2);
    }
    EXPECT_EQ(statuses(greedy), std::vector<int>(500, 200));
    served.expire(clock::now() + 59s);
    EXPECT_EQ(served.connections(), 2); // both idle
}

TEST_F(session_test, one_that_waits_for_its_turn_is_not_late) {
    hand_driven_core served{routes, scripted()};
    auto greedy = served.connect();
    served.turn(2);
    std::string many;
    for (int i = 0; i < 500; ++i) {
        many += get();
    }
    ASSERT_TRUE(greedy.send(many));
    served.turn();
    ASSERT_LT(statuses(greedy).size(), 500U);
    served.expire(clock::now() + 10s); // past any deadline of a head
    served.turn(10);
    EXPECT_EQ(statuses(greedy), std::vector<int>(500, 200));
}

// Takes an answer to /large, which no socket takes at once.
void take_large(hand_driven_core& served, const client_end& client) {
    std::size_t taken = 0;
    for (int i = 0; i < 1000 && taken <= large.size(); ++i) {
        taken += client.drop();
        served.turn();
    }
    EXPECT_GT(taken, large.size());
    client.drop();
}

TEST_F(session_test, after_a_blocked_write_the_idle_time_counts_from_when_the_client_took_the_answer) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send(get("/large")));
    served.turn(2);
    const auto answered = clock::now();
    std::this_thread::sleep_for(20ms);
    take_large(served, client);
    served.expire(answered + 60s);
    EXPECT_EQ(served.connections(), 1);
    served.expire(clock::now() + 60s);
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, after_a_blocked_write_the_next_head_has_its_time) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    ASSERT_TRUE(client.send(get("/large") + "GET"));
    served.turn(2);
    const auto answered = clock::now();
    std::this_thread::sleep_for(20ms);
    take_large(served, client);
    served.expire(answered + 5s);
    EXPECT_EQ(client.receive(), "");
    served.expire(clock::now() + 5s);
    EXPECT_EQ(statuses(client), std::vector<int>{408});
}

TEST_F(session_test, a_request_that_came_while_the_core_was_busy_is_answered_past_the_idle_time) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    served.turn(2);
    ASSERT_TRUE(client.send(get()));
    served.expire(clock::now() + 60s); // before the socket's turn
    EXPECT_EQ(served.connections(), 1);
    served.turn();
    EXPECT_EQ(statuses(client), std::vector<int>{200});
    served.expire(clock::now() + 60s);
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, empty_lines_do_not_push_the_idle_time_on) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    const auto made = clock::now();
    served.turn(2);
    std::this_thread::sleep_for(2ms);
    ASSERT_TRUE(client.send("\r\n"));
    served.turn();
    EXPECT_EQ(served.connections(), 1);
    served.expire(made + 60s);
    EXPECT_EQ(served.connections(), 0);
}

TEST_F(session_test, half_an_empty_line_has_the_time_of_a_head) {
    hand_driven_core served{routes, scripted()};
    auto client = served.connect();
    served.turn(2);
    ASSERT_TRUE(client.send("\r"));
    served.turn();
    served.expire(clock::now() + 5s);
    EXPECT_EQ(statuses(client), std::vector<int>{408});
}

TEST_F(session_test, what_waited_too_long_for_the_core_is_503) {
    hand_driven_core served{routes, scripted(), {.queue_time = 1s}};
    auto first = served.connect();
    auto second = served.connect();
    served.turn(2);
    ASSERT_TRUE(first.send(get("/slow"))); // takes longer than that
    ASSERT_TRUE(second.send(get("/slow")));
    served.turn(); // both are told of
    EXPECT_EQ(statuses(first), std::vector<int>{200});
    EXPECT_EQ(statuses(second), std::vector<int>{503});
    served.turn(); // what it worked for that turn is over
    ASSERT_TRUE(second.send(get()));
    served.turn();
    EXPECT_EQ(statuses(second), (std::vector<int>{503, 200})); // kept
}

TEST_F(session_test, what_waited_while_the_turn_before_worked_too_long_is_503) {
    hand_driven_core served{routes, scripted(), {.queue_time = 1s}};
    auto first = served.connect();
    auto second = served.connect();
    served.turn(2);
    ASSERT_TRUE(first.send(get("/slow")));
    served.turn();
    ASSERT_TRUE(second.send(get())); // as far as is known it came when that began
    served.turn();
    EXPECT_EQ(statuses(second), std::vector<int>{503});
}

} // namespace
} // namespace beastmark::server
