// A connection without its socket, and what is around it: scripts give it bytes, cut anywhere, and read its
// answers.
#pragma once

#include "server/http1_connection.hpp"
#include "tests/support/answer_reader.hpp"
#include "tests/support/connection_environment.hpp"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::testing {

using namespace server;
using stage = http1_connection::stage;

inline const route_table routes{
    {"/now", method::get}, {"/later", method::get}, {"/post", method::post}, {"/fixed", method::get, "{}"}};

/// Answers /later when told, everything else at once, with the body that came.
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

struct counted {
    core_metrics counts{routes};
};

/// What a core gives its connections, and what it counts of them.
struct environment : counted, connection_environment<scripted_handler> {
    explicit environment(request_limits of_request = request_limits{}, connection_limits of_connection = {})
        : connection_environment{routes, counts, std::move(of_request), of_connection} {}

    [[nodiscard]] double rejected(rejection why) const {
        const server_collector collector{routes, {&counts}};
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
};

/// Does what a session does, with a socket that takes `takes` bytes at a time.
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
        const auto read = read_answers(
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

inline std::string get(std::string_view path = "/now", std::string_view lines = {},
                       std::string_view name = "GET", std::string_view version = "HTTP/1.1") {
    return std::string{name} + " " + std::string{path} + " " + std::string{version} + "\r\nHost: x\r\n" +
           std::string{lines} + "\r\n";
}

inline std::string post(std::string_view body, std::string_view lines = {}) {
    return get("/post", std::string{lines} + "Content-Length: " + std::to_string(body.size()) + "\r\n",
               "POST") +
           std::string{body};
}

inline std::string chunked(std::string_view chunks, std::string_view lines = {}) {
    return get("/post", std::string{lines} + "Transfer-Encoding: chunked\r\n", "POST") + std::string{chunks};
}

inline std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

} // namespace beastmark::testing
