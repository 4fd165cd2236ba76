// The connection without its socket, as scripts: bytes go in, cut anywhere, answers come out.
#include "server/http1_connection.hpp"
#include "tests/support/answer_reader.hpp"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::server {
namespace {

using namespace std::chrono_literals;
using stage = http1_connection::stage;
using testing::read_answer;

const route_table routes{
    {"/now", method::get}, {"/later", method::get}, {"/post", method::post}, {"/fixed", method::get, "{}"}};

// Answers /later when told, everything else at once, with the body that came.
class scripted_handler final : public handler {
public:
    void handle(exchange& request) override {
        ++handled;
        if (routes[request.route_index()].path == "/later") {
            waiting.push_back(&request);
            return;
        }
        if (first) {
            std::exchange(first, nullptr)();
        }
        const std::string body{request.body()};
        request.respond(response{.body = body.empty() ? std::string_view{"\"now\""} : body});
    }

    void answer_oldest(std::string_view body = "\"later\"") {
        if (waiting.empty()) {
            ADD_FAILURE() << "no request waits for its answer";
            return;
        }
        exchange& oldest = *waiting.front();
        waiting.pop_front();
        oldest.respond(response{.body = body});
    }

    int handled = 0;
    std::deque<exchange*> waiting;
    std::function<void()> first; // done within the next handle(), before its answer
};

// What a core gives its connections.
struct environment {
    explicit environment(request_limits of_request = request_limits{}, connection_limits of_connection = {})
        : request{std::move(of_request)}, connection{of_connection} {
        shared.handles = &handles;
    }

    [[nodiscard]] double rejected(rejection why) const {
        const server_collector collector{routes, {&metrics}};
        for (const auto& family : collector.Collect()) {
            if (family.name == "beastmark_rejected_total") {
                return family.metric[static_cast<std::size_t>(why)].counter.value;
            }
        }
        return -1;
    }

    [[nodiscard]] double rejected_in_all() const {
        double sum = 0;
        for (std::size_t i = 0; i < rejection_count; ++i) {
            sum += rejected(static_cast<rejection>(i));
        }
        return sum;
    }

    request_limits request;
    connection_limits connection;
    core_metrics metrics{routes};
    date_header date;
    workspace_pool workspaces{request.head_bytes() + 1};
    scripted_handler handles;
    http1_environment shared{.routes = routes,
                             .request = request,
                             .connection = connection,
                             .metrics = metrics,
                             .date = date,
                             .workspaces = workspaces};
};

// Does what a session does, with a socket that takes `takes` bytes at a time.
class scripted_connection final : public http1_connection {
public:
    explicit scripted_connection(environment& in) : http1_connection{in.shared} {}

    // Bytes arrive, in pieces of at most so many. What comes while the handler is at work waits.
    stage give(std::string_view bytes, std::size_t piece = static_cast<std::size_t>(-1)) {
        in_kernel_ += bytes;
        piece_ = piece;
        return go_on();
    }

    stage go_on() {
        for (;;) {
            now = advance();
            if (now != stage::input || in_kernel_.empty()) {
                take();
            }
            if (now == stage::output) {
                ++batches;
                continue;
            }
            if (now != stage::input || in_kernel_.empty()) {
                rest();
                return now;
            }
            const auto space = input_space();
            EXPECT_FALSE(space.empty());
            const auto bytes = std::min({space.size(), piece_, in_kernel_.size()});
            in_kernel_.copy(space.data(), bytes);
            in_kernel_.erase(0, bytes);
            received(bytes, time);
        }
    }

    void take() {
        while (!output().empty()) {
            const auto bytes = std::min(takes, output().size());
            out += output().substr(0, bytes);
            sent(bytes);
        }
    }

    void answered() override {
        ++answers_later;
        go_on();
    }

    // What has come out, taken apart; HEAD's answers are told by `heads`.
    std::vector<read_answer> answers() {
        const auto read = testing::read_answers(
            out, [this](std::size_t n) { return std::find(heads.begin(), heads.end(), n) != heads.end(); });
        EXPECT_TRUE(read) << out;
        return read.value_or(std::vector<read_answer>{});
    }

    std::vector<int> statuses() {
        std::vector<int> all;
        for (const auto& each : answers()) {
            all.push_back(each.status);
        }
        return all;
    }

    clock::time_point time = clock::now();
    std::size_t takes = static_cast<std::size_t>(-1);
    std::string out;
    std::vector<std::size_t> heads;
    stage now = stage::input;
    int answers_later = 0;
    int batches = 0;

private:
    std::string in_kernel_;
    std::size_t piece_ = 0;
};

using statuses = std::vector<int>;

std::string get(std::string_view path = "/now", std::string_view lines = {}, std::string_view name = "GET",
                std::string_view version = "HTTP/1.1") {
    return std::string{name} + " " + std::string{path} + " " + std::string{version} + "\r\nHost: x\r\n" +
           std::string{lines} + "\r\n";
}

std::string post(std::string_view body, std::string_view lines = {}) {
    return get("/post", std::string{lines} + "Content-Length: " + std::to_string(body.size()) + "\r\n",
               "POST") +
           std::string{body};
}

std::string chunked(std::string_view chunks, std::string_view lines = {}) {
    return get("/post", std::string{lines} + "Transfer-Encoding: chunked\r\n", "POST") + std::string{chunks};
}

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

// ---- cuts and order

TEST(http1_connection, a_script_cut_anywhere_is_answered_alike) {
    const std::string script = get() + "\r\n" + post("\"a\"") + get("/nowhere") +
                               chunked("3\r\n\"b\"\r\n0;x=y\r\nT: 1\r\n\r\n") + get("/fixed") +
                               get("/now", "Connection: close\r\n") + get();
    environment reference_in;
    scripted_connection reference{reference_in};
    EXPECT_EQ(reference.give(script), stage::end);
    ASSERT_EQ(reference.statuses(), (statuses{200, 200, 404, 200, 200, 200}));
    EXPECT_EQ(reference.answers()[1].body, "\"a\"");
    EXPECT_EQ(reference.answers()[3].body, "\"b\"");
    EXPECT_TRUE(reference.answers()[5].closes);
    for (std::size_t cut = 1; cut < script.size(); ++cut) {
        environment in;
        scripted_connection connection{in};
        connection.give(std::string_view{script}.substr(0, cut));
        connection.give(std::string_view{script}.substr(cut));
        ASSERT_EQ(connection.out, reference.out) << "cut at " << cut;
        ASSERT_EQ(connection.now, stage::end);
    }
    for (const std::size_t piece : {1, 2, 3, 7, 100}) {
        environment in;
        scripted_connection connection{in};
        connection.give(script, piece);
        ASSERT_EQ(connection.out, reference.out) << "pieces of " << piece;
    }
}

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

// ---- bodies

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

TEST(http1_connection, a_refused_body_is_not_the_next_request) {
    environment in;
    scripted_connection connection{in};
    const auto smuggled = get("/now");
    connection.give(get("/nowhere", "Content-Length: " + std::to_string(smuggled.size()) + "\r\n", "POST") +
                    smuggled + get("/fixed"));
    EXPECT_EQ(connection.statuses(), (statuses{404, 200}));
    EXPECT_EQ(in.handles.handled, 0);
}

// ---- heads

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

// ---- bounds

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

// ---- buffers

TEST(http1_connection, an_idle_one_holds_no_buffers) {
    environment in;
    scripted_connection connection{in};
    EXPECT_FALSE(connection.is_busy());
    connection.give(get("/now").substr(0, 10));
    EXPECT_TRUE(connection.is_busy());
    connection.give(get("/now").substr(10));
    EXPECT_FALSE(connection.is_busy());
    connection.give("\r\n\r\n");
    EXPECT_FALSE(connection.is_busy());
    EXPECT_EQ(connection.output(), "");
    connection.give(get("/later"));
    EXPECT_TRUE(connection.is_busy());
    in.handles.answer_oldest();
    EXPECT_FALSE(connection.is_busy());
}

TEST(http1_connection, a_workspace_comes_back_clean_whenever_the_connection_dies) {
    environment in;
    char* lent = nullptr;
    for (const auto& start :
         {std::string{}, get().substr(0, 5), post("\"abc\"").substr(0, 54), get() + get().substr(0, 9)}) {
        {
            scripted_connection dies{in};
            dies.takes = 10;
            const auto space = dies.input_space();
            EXPECT_TRUE(lent == nullptr || lent == space.data()); // the one that was given back
            lent = space.data();
            dies.received(start.copy(space.data(), space.size()), dies.time);
            dies.advance();
        } // with input unread and output unsent
        scripted_connection next{in};
        next.give(get());
        EXPECT_EQ(next.statuses(), statuses{200});
    }
}

TEST(workspace_pool, lends_what_was_given_back_last_and_makes_more) {
    workspace_pool pool{257};
    auto one = pool.borrow();
    auto two = pool.borrow();
    EXPECT_NE(one.get(), two.get());
    EXPECT_EQ(one->capacity, 257U);
    const auto* const last = one.get();
    one->begin = one->end = 20;
    pool.give_back(std::move(two));
    pool.give_back(std::move(one));
    const auto again = pool.borrow();
    EXPECT_EQ(again.get(), last);
    EXPECT_EQ(again->end, 0U);
    EXPECT_TRUE(again->is_unused());
}

TEST(workspace_pool, does_not_keep_one_that_had_to_hold_much) {
    workspace_pool pool{257};
    auto large = pool.borrow();
    large->output.reserve(256 * 1024);
    pool.give_back(std::move(large));
    EXPECT_LT(pool.borrow()->output.capacity(), 128U * 1024);
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
} // namespace beastmark::server
