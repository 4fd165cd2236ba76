// The server's side of a connection on hostile bytes: pipelined, cut anywhere, with a handler that answers at
// once or later, a socket that takes a part, time-outs and a drain at any moment. The first four bytes of the
// input say which of that, the rest is what the client sends.
#include "server/http1_connection.hpp"
#include "tests/fuzz/oracle.hpp"
#include "tests/support/answer_reader.hpp"
#include "tests/support/connection_environment.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace beastmark::server;
using beastmark::fuzz::dice;
using beastmark::fuzz::must;
using beastmark::testing::read_answer;
using beastmark::testing::read_answers;
using clock_type = http1_connection::clock;

const route_table routes{
    {"/a", method::get}, {"/l", method::get}, {"/p", method::post}, {"/f", method::get, "{}"}};

// Small, so that short inputs reach them.
const request_limits limits{256, 8, 64};

// Answers with a running number, /l later.
class numbering_handler final : public handler {
public:
    void handle(exchange& request) override {
        must(waiting == nullptr); // one at a time of a connection
        must(request.body().size() <= limits.body_bytes());
        ++handled;
        if (routes[request.route_index()].path == "/l") {
            waiting = &request;
        } else {
            respond(request);
        }
    }

    void answer() { respond(*std::exchange(waiting, nullptr)); }

    exchange* waiting = nullptr;
    int handled = 0;

private:
    void respond(exchange& to) {
        const auto number = std::to_string(++answered_);
        to.respond(response{.body = number});
    }

    int answered_ = 0;
};

core_metrics& counted() {
    static core_metrics all{routes}; // not made anew: it is large
    return all;
}

struct environment : beastmark::testing::connection_environment<numbering_handler> {
    explicit environment(connection_limits of_connection)
        : connection_environment{routes, counted(), limits, of_connection} {}
};

enum class cut : std::uint8_t { nowhere, everywhere, anywhere };

struct manner {
    cut pieces = cut::nowhere;
    bool takes_parts = false; // the socket
    bool chaos = false;       // time-outs, a drain, requests that waited
    std::uint32_t seed = 0;
};

class driven final : public http1_connection {
public:
    driven(environment& in, manner how) : http1_connection{in.shared}, in_{in}, how_{how}, roll_{how.seed} {}

    // All of it, then the end of the input.
    void run(std::string_view input) {
        for (;;) {
            const auto now = advance();
            must(is_handling() == (now == stage::handler));
            send();
            if (now == stage::output) {
                continue;
            }
            if (now == stage::handler) {
                in_.handles.answer();
                continue;
            }
            if (now == stage::end) {
                while (!output().empty()) {
                    send();
                }
                rest();
                must(!is_busy());
                must(advance() == stage::end && output().empty());
                return;
            }
            if (!output().empty()) {
                continue;
            }
            stir();
            if (is_ending()) {
                continue; // it was not in time
            }
            if (input.empty()) {
                rest();
                return;
            }
            if (roll_() % 2 == 0) {
                rest();
            }
            const auto space = input_space();
            must(!space.empty());
            if (first_space == nullptr) {
                first_space = space.data();
            }
            const auto bytes = std::min({space.size(), input.size(), piece()});
            input.copy(space.data(), bytes);
            input.remove_prefix(bytes);
            received(bytes, time_);
        }
    }

    void answered() override { must(!is_handling()); }

    std::string out;
    const char* first_space = nullptr;

private:
    std::size_t piece() {
        switch (how_.pieces) {
        case cut::nowhere:
            return static_cast<std::size_t>(-1);
        case cut::everywhere:
            return 1;
        case cut::anywhere:
            break;
        }
        return 1 + roll_() % 40;
    }

    void send() {
        const auto answers = output();
        const auto bytes =
            how_.takes_parts ? std::min<std::size_t>(answers.size(), 1 + roll_() % 100) : answers.size();
        if (bytes > 0) {
            out += answers.substr(0, bytes);
            sent(bytes);
        }
    }

    // What else may happen while input is awaited.
    void stir() {
        if (!how_.chaos) {
            return;
        }
        const auto what = roll_() % 64;
        if (what == 0) {
            in_.shared.draining = true;
        } else if (what == 1) {
            came_after(time_ - std::chrono::seconds{1});
        } else if (what == 2) {
            came_after(time_);
        } else if (what < 5) {
            rest();
            if (is_busy()) {
                time_out();
            }
        }
        time_ += std::chrono::milliseconds{roll_() % 10};
    }

    environment& in_;
    manner how_;
    dice roll_;
    clock_type::time_point time_{std::chrono::hours{1}};
};

std::size_t count(std::string_view in, std::string_view what) {
    std::size_t n = 0;
    for (auto at = in.find(what); at != std::string_view::npos; at = in.find(what, at + 1)) {
        ++n;
    }
    return n;
}

// One connection from its start to the end of the input; its final answers.
std::vector<read_answer> converse(std::string_view input, connection_limits of_connection, manner how) {
    environment in{of_connection};
    std::string out;
    const char* lent = nullptr;
    {
        driven connection{in, how};
        connection.run(input);
        out = std::move(connection.out);
        lent = connection.first_space;
    }
    must(in.metrics.active_requests.value() == 0);
    if (lent != nullptr && out.size() < 16 * 1024) {
        must(in.workspaces.borrow()->input.get() == lent); // it was given back
    }
    const auto read = read_answers(out, [](std::size_t) { return false; });
    must(read.has_value());
    std::vector<read_answer> finals;
    int number = 0;
    for (const auto& each : *read) {
        must(finals.empty() || !finals.back().closes); // nothing after the last
        if (each.status == 100) {
            continue;
        }
        must(each.status >= 200);
        if (each.status == 200 && each.body != "{}") {
            must(each.body == std::to_string(++number)); // in order, none missing
        }
        finals.push_back(each);
    }
    must(number == in.handles.handled);
    const std::size_t unfinished = !finals.empty() && finals.back().closes ? 1 : 0;
    must(finals.size() <= count(input, "\r\n\r\n") + unfinished); // each request has an end of its head
    must(in.connection.requests == 0 || finals.size() <= in.connection.requests);
    return finals;
}

// Where a mistake is found early, and which of several, may depend on the cut, and so may whether a refused
// body was awaited (Expect). What was answered before may not.
void must_agree(const std::vector<read_answer>& one, const std::vector<read_answer>& other) {
    const auto common = std::min(one.size(), other.size());
    for (std::size_t i = 0; i < common; ++i) {
        const auto& a = one[i];
        const auto& b = other[i];
        if (a.status == b.status && a.body == b.body && a.closes == b.closes) {
            continue;
        }
        must(a.status >= 400 && b.status >= 400 && (a.closes || b.closes));
        return;
    }
    if (one.size() == other.size()) {
        return;
    }
    const auto& longer = one.size() > other.size() ? one : other;
    must(longer.size() == common + 1 && longer.back().closes && longer.back().status >= 400);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) {
        return 0;
    }
    const std::string input{reinterpret_cast<const char*>(data + 4), size - 4};
    if (input.find("HEAD") != std::string::npos) {
        return 0; // the reader cannot tell which answers have no body; http1_framing_test.cpp has HEAD
    }
    const connection_limits bounds{.requests = data[0] % 8U, .pipelined = 1 + data[1] % 5U};
    const std::uint32_t seed = data[2] * 256U + data[3];
    const auto whole = converse(input, bounds, {});
    must_agree(whole, converse(input, bounds, {.pieces = cut::everywhere}));
    must_agree(whole, converse(input, bounds, {.pieces = cut::anywhere, .takes_parts = true, .seed = seed}));
    converse(input, bounds, {.pieces = cut::anywhere, .takes_parts = true, .chaos = true, .seed = seed});
    converse(input, bounds, {.pieces = cut::nowhere, .chaos = true, .seed = seed + 1});
    return 0;
}
