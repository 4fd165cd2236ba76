#include "loadgen/start_barrier.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/shard_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace beastmark::loadgen {

using nlohmann::json;

namespace {

constexpr std::size_t longest_text = 256;

std::optional<std::string> text_in(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string())
        return std::nullopt;
    auto text = found->get<std::string>();
    return text.size() > longest_text ? std::nullopt : std::optional(std::move(text));
}

std::optional<std::uint64_t> count_in(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_unsigned())
        return std::nullopt;
    return found->get<std::uint64_t>();
}

} // namespace

json to_json(const join_request& request) {
    return {{"index", request.index},
            {"of", request.of},
            {"who", request.who},
            {"host", request.host},
            {"test", request.test}};
}

std::optional<join_request> parse_join(std::string_view text) {
    const auto parsed = parse_shallow(text);
    if (!parsed.is_object() || !parsed.contains("test"))
        return std::nullopt;
    const auto index = count_in(parsed, "index");
    const auto of = count_in(parsed, "of");
    const auto who = text_in(parsed, "who");
    const auto host = text_in(parsed, "host");
    if (!index || !of || !who || who->empty() || !host)
        return std::nullopt;
    return join_request{*index, *of, *who, *host, parsed["test"]};
}

start_barrier::start_barrier(json test, std::uint64_t of, steady_time deadline)
    : test_(std::move(test)), of_(of), deadline_(deadline) {}

std::string start_barrier::why_not(const join_request& r) const {
    if (r.of != of_)
        return fmt::format("shard {}/{} of a test of {} shards: give each pod the same N", r.index, r.of,
                           of_);
    if (r.index == 0 || r.index >= of_)
        return fmt::format("there is no shard {} to join: they are 1 to {}", r.index, of_ - 1);
    if (const auto what = difference(test_, r.test); !what.empty())
        return fmt::format("shard {} is of another test than shard 0: {} (of shard 0 and shard {})", r.index,
                           what, r.index);
    const auto known = members_.find(r.index);
    if (known != members_.end() && known->second.who != r.who)
        return fmt::format("shard {} is there already, from {}: give each pod its own index", r.index,
                           known->second.host);
    return {};
}

join_answer start_barrier::join(const join_request& request, steady_time now) {
    tick(now);
    if (auto why = why_not(request); !why.empty())
        return {join_answer::kind::refused, std::move(why), {}};
    const auto known = members_.find(request.index);
    if (start_ && known == members_.end())
        return {join_answer::kind::too_late,
                fmt::format("shard {} comes too late: the test begins without it", request.index),
                {}};
    members_[request.index] = {request.who, request.host, now};
    tick(now);
    if (start_)
        return {join_answer::kind::start, {}, *start_};
    return {};
}

void start_barrier::tick(steady_time now) {
    if (start_)
        return;
    std::erase_if(members_, [&](const auto& each) { return now - each.second.heard > silence; });
    if (present() == of_ || now >= deadline_)
        start_ = now + lead;
}

std::vector<std::uint64_t> start_barrier::missing() const {
    std::vector<std::uint64_t> absent;
    for (std::uint64_t i = 1; i < of_; ++i)
        if (!members_.contains(i))
            absent.push_back(i);
    return absent;
}

bool start_barrier::is_member(std::uint64_t index, std::string_view who) const {
    const auto known = members_.find(index);
    return known != members_.end() && known->second.who == who;
}

void clock_estimate::add(const clock_sample& sample) {
    const auto trip = sample.received - sample.sent;
    if (trip.count() < 0)
        return;
    if (trip < skew_trip_) {
        skew_trip_ = trip;
        skew_ = (sample.wall - trip / 2) - sample.others;
    }
    if (sample.start_in && trip < start_trip_) {
        start_trip_ = trip;
        start_ = sample.sent + trip / 2 + *sample.start_in;
    }
}

} // namespace beastmark::loadgen
