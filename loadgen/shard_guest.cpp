#include "loadgen/shard_guest.hpp"

#include "common/duration.hpp"
#include "loadgen/http_post.hpp"
#include "loadgen/json_parts.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/shard_test.hpp"
#include "loadgen/tell.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

namespace beastmark::loadgen {

using nlohmann::json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto ask_again = 200ms;
constexpr auto patience = 2s;
// Of shard 0, once it was heard of.
constexpr auto longest_silence = 10s;
constexpr auto delivery_patience = 60s;

std::string random_name() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

} // namespace

shard_guest::shard_guest(const plan& what, const run_options& options)
    : barrier_(*options.barrier),
      output_(options.output),
      request_{options.share.index, options.share.of, random_name(), host_name(), test_json(what, options)} {}

// Asks once. True when shard 0 answered.
bool shard_guest::ask(const std::string& request, steady_time now) {
    clock_sample sample{.sent = now};
    const auto answer = post(barrier_.where, "/barrier/join", request, patience);
    sample.received = clock::now();
    sample.wall = std::chrono::system_clock::now();
    if (answer.status == 409)
        throw std::runtime_error(
            fmt::format("shard 0 at {}: {}", text_of(barrier_.where), first_line(answer.body)));
    if (answer.status == 410)
        throw shards_missing(
            fmt::format("shard 0 at {}: {}", text_of(barrier_.where), first_line(answer.body)));
    const auto said = answer.status == 200 ? parse_shallow(answer.body) : json();
    const auto& now_ns = part_of(said, "now_ns");
    if (!now_ns.is_number_integer()) {
        trouble_ = answer.status == 0 ? answer.error : fmt::format("it answers {}", answer.status);
        return false;
    }
    sample.others =
        std::chrono::system_clock::time_point(std::chrono::nanoseconds(now_ns.get<std::int64_t>()));
    constexpr std::int64_t longest_ns = 3'600'000'000'000;
    if (const auto& in = part_of(said, "start_in_ns"); in.is_number_integer())
        sample.start_in =
            std::chrono::nanoseconds(std::clamp(in.get<std::int64_t>(), -longest_ns, longest_ns));
    clocks_.add(sample);
    return true;
}

steady_time shard_guest::agree_on_start() {
    const auto request = to_json(request_).dump(-1, ' ', false, json::error_handler_t::replace);
    const auto began = clock::now();
    auto heard = false;
    tell("shard {}/{}: joins shard 0 at {}\n", request_.index, request_.of, text_of(barrier_.where));
    for (;;) {
        const auto now = clock::now();
        if (ask(request, now)) {
            heard = true;
            heard_ = clock::now();
        } else if (!heard && now - began > barrier_.timeout) {
            throw shards_missing(fmt::format("no shard 0 at {} within {}: {}", text_of(barrier_.where),
                                             format_duration(barrier_.timeout), trouble_));
        } else if (heard && now - heard_ > longest_silence) {
            throw shards_missing(fmt::format("shard 0 at {} is silent since {}: {}", text_of(barrier_.where),
                                             format_duration(longest_silence), trouble_));
        }
        const auto start = clocks_.start();
        if (start && *start - clock::now() < settle_before_start)
            return *start;
        std::this_thread::sleep_for(ask_again);
    }
}

clock_skew shard_guest::skew() const {
    return {std::chrono::duration<double>(clocks_.skew()).count(),
            std::chrono::duration<double>(clocks_.skew_error()).count()};
}

int shard_guest::finish(const run_record& /*record*/, int own_exit_code) {
    const auto body = json{{"index", request_.index}, {"who", request_.who}}.dump() + '\n' +
                      read_file(std::filesystem::path(output_) / shard_file_name);
    const auto deadline = clock::now() + delivery_patience;
    for (;;) {
        const auto answer = post(barrier_.where, "/barrier/deliver", body, delivery_patience);
        if (answer.status == 200)
            return own_exit_code;
        const auto why = answer.status == 0 ? answer.error : first_line(answer.body);
        const bool comes_again = answer.status == 0 || answer.status == 503;
        if (!comes_again || clock::now() > deadline)
            throw shards_missing(
                fmt::format("cannot hand the figures to shard 0 at {}: {}; they are in {}, for loadgen merge",
                            text_of(barrier_.where), why, output_));
        std::this_thread::sleep_for(ask_again);
    }
}

} // namespace beastmark::loadgen
