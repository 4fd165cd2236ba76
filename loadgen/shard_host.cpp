#include "loadgen/shard_host.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/merge_command.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/secrets.hpp"
#include "loadgen/shard_test.hpp"
#include "loadgen/tell.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace beastmark::loadgen {

using nlohmann::json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t longest_join = 1 << 20; // stages are many, sometimes
// A second of a target and a thread is some ten kilobytes: hours of it.
constexpr std::size_t longest_delivery = 256 << 20;

constexpr auto look_again = 50ms;

constexpr const char* as_json = "application/json";

http_answer refusal(unsigned status, const std::string& why) {
    return {status, "text/plain; charset=utf-8", why + '\n'};
}

} // namespace

struct shard_host::meeting {
    std::mutex mutex;
    start_barrier barrier;
    std::unique_ptr<shard_merge> shares; // null: they are put together
    std::set<std::uint64_t> delivered;   // shard 0 has no need to
    std::set<std::string> fetched;

    meeting(const json& test, std::uint64_t of, steady_time deadline)
        : barrier(test, of, deadline), shares(std::make_unique<shard_merge>(test)) {}

    http_answer join(const std::string& body);
    http_answer deliver(const std::string& body);
};

http_answer shard_host::meeting::join(const std::string& body) {
    const auto request = parse_join(body);
    if (!request)
        return refusal(400, "not a join: a JSON object with index, of, who, host and test");
    const std::lock_guard lock(mutex);
    const auto now = clock::now();
    const auto answer = barrier.join(*request, now);
    if (answer.is == join_answer::kind::refused)
        return refusal(409, answer.why);
    if (answer.is == join_answer::kind::too_late)
        return refusal(410, answer.why);
    json start_in = nullptr;
    if (answer.is == join_answer::kind::start)
        start_in = std::chrono::nanoseconds(answer.start - now).count();
    const auto wall = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch());
    return {200, as_json, json{{"now_ns", wall.count()}, {"start_in_ns", start_in}}.dump() + '\n'};
}

http_answer shard_host::meeting::deliver(const std::string& body) {
    const auto line_end = std::min(body.find('\n'), body.size());
    const auto from = parse_shallow(std::string_view(body).substr(0, line_end));
    const auto& index = part_of(from, "index");
    const auto& who = part_of(from, "who");
    if (!index.is_number_unsigned() || !who.is_string() || line_end == body.size())
        return refusal(400, "not a share: a line of JSON with index and who, then its shard.ndjson");
    const std::lock_guard lock(mutex);
    const auto shard = index.get<std::uint64_t>();
    if (!barrier.is_member(shard, who.get_ref<const std::string&>()))
        return refusal(403, fmt::format("shard {} did not join as this process", shard));
    if (delivered.contains(shard))
        return {200, as_json, "{}\n"}; // the answer was lost
    if (!shares)
        return refusal(410, fmt::format("the share of shard {} comes too late", shard));
    try {
        shares->add(fmt::format("shard {}", shard), body.substr(line_end + 1), shard);
    } catch (const std::runtime_error& wrong) {
        return refusal(422, wrong.what());
    }
    delivered.insert(shard);
    return {200, as_json, "{}\n"};
}

shard_host::shard_host(const plan& what, const run_options& options, metrics_endpoint& endpoint)
    : endpoint_(endpoint),
      of_(options.share.of),
      timeout_(options.barrier->timeout),
      output_(options.output),
      argv_(without_secrets(options.argv, options.headers)),
      meeting_(std::make_shared<meeting>(test_json(what, options), of_, clock::now() + timeout_)) {
    endpoint.route("/barrier/join",
                   {.method = "POST",
                    .most_body_bytes = longest_join,
                    .answer = [with = meeting_](const std::string& body) { return with->join(body); }});
    endpoint.route("/barrier/deliver",
                   {.method = "POST",
                    .most_body_bytes = longest_delivery,
                    .answer = [with = meeting_](const std::string& body) { return with->deliver(body); }});
}

steady_time shard_host::agree_on_start() {
    tell("shard 0/{}: waits for the others\n", of_);
    for (;;) {
        {
            const std::lock_guard lock(meeting_->mutex);
            auto& barrier = meeting_->barrier;
            barrier.tick(clock::now());
            if (const auto start = barrier.start()) {
                start_ = *start;
                if (const auto absent = barrier.missing(); !absent.empty())
                    tell("{} of {} shards are there; begins without shard {}\n", barrier.present(), of_,
                         fmt::join(absent, ", "));
                break;
            }
        }
        std::this_thread::sleep_for(look_again);
    }
    std::this_thread::sleep_until(start_ - settle_before_start);
    return start_;
}

void shard_host::collect(steady_time deadline) {
    for (;;) {
        std::vector<std::uint64_t> awaited;
        {
            const std::lock_guard lock(meeting_->mutex);
            for (std::uint64_t i = 1; i < of_; ++i)
                if (meeting_->barrier.has_joined(i) && !meeting_->delivered.contains(i))
                    awaited.push_back(i);
        }
        if (awaited.empty())
            return;
        if (clock::now() >= deadline) {
            tell("shard {}: began, and has not told what it counted\n", fmt::join(awaited, ", "));
            return;
        }
        std::this_thread::sleep_for(look_again);
    }
}

int shard_host::finish(const run_record& record, int own_exit_code) {
    if (record.signal != 0)
        return own_exit_code;
    // A condition may have ended this share long before the others'.
    collect(start_ + record.what.arrivals.duration() + record.what.timeout + timeout_);
    const std::filesystem::path own(output_);
    const auto folder = (own / "merged").string();
    std::unique_ptr<shard_merge> shares;
    {
        const std::lock_guard lock(meeting_->mutex);
        shares = std::move(meeting_->shares);
    }
    shares->add("shard 0", read_file(own / shard_file_name), 0);
    const auto exit_code = write_merged(*shares, folder, argv_);
    publish(folder);
    return exit_code;
}

void shard_host::publish(const std::string& folder) {
    const std::pair<const char*, const char*> files[]{{"result.json", as_json},
                                                      {"report.html", "text/html; charset=utf-8"}};
    for (const auto& [file, media] : files)
        endpoint_.route(
            std::string("/") + file,
            {.method = "GET",
             .answer = [path = std::filesystem::path(folder) / file,
                        type = media](const std::string&) { return http_answer{200, type, read_file(path)}; },
             .sent =
                 [with = meeting_, name = file] {
                     const std::lock_guard lock(with->mutex);
                     with->fetched.insert(name);
                 }});
}

bool shard_host::fetched() const {
    const std::lock_guard lock(meeting_->mutex);
    return meeting_->fetched.size() == 2;
}

} // namespace beastmark::loadgen
