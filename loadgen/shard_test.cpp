#include "loadgen/shard_test.hpp"

#include "loadgen/condition.hpp"
#include "loadgen/request_set.hpp"
#include "loadgen/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

// Of what requests are made from, files included: they may be long, and are compared only.
std::uint32_t request_checksum(const plan& what) {
    std::uint32_t sum = 0;
    for (const auto& t : what.targets)
        sum = sum * 31 + t.requests.checksum();
    return sum;
}

std::chrono::nanoseconds read_time(const json& seconds) {
    constexpr double hundred_years = 3.2e9;
    const auto value = seconds.get<double>();
    if (std::isnan(value) || value < 0 || value > hundred_years)
        throw std::runtime_error("a time is out of range");
    return std::chrono::nanoseconds(std::llround(value * 1e9));
}

stage read_stage(const json& from) {
    constexpr std::array kinds{stage_kind::hold, stage_kind::linear, stage_kind::staircase,
                               stage_kind::closed, stage_kind::replay};
    const auto& name = from.at("kind").get_ref<const std::string&>();
    for (const auto kind : kinds)
        if (name_of(kind) == name)
            return {kind, read_time(from.at("duration_s")), from.at("from_rps").get<double>(),
                    from.at("to_rps").get<double>(), from.at("steps").get<unsigned>()};
    throw std::runtime_error(fmt::format("there is no kind of stage '{}'", name));
}

// A log of which only these figures are at hand. In each second its arrivals are put evenly: which of them
// were due when a run ended early is known to within a second.
std::shared_ptr<const replay_log> read_replay(const json& from, std::chrono::nanoseconds duration) {
    using std::chrono::nanoseconds;
    constexpr std::uint64_t most = replay_reader::limits().requests;
    replay_log log{.file = from.at("file"),
                   .speed = from.at("speed"),
                   .lines = from.at("lines"),
                   .skipped = from.at("skipped"),
                   .reordered = from.at("reordered"),
                   .distinct = from.at("distinct"),
                   .duration = duration,
                   .due_each_second = from.at("due_each_second").get<std::vector<std::uint64_t>>(),
                   .due = nullptr,
                   .which = nullptr};
    std::vector<nanoseconds> due;
    for (std::size_t second = 0; second < log.due_each_second.size(); ++second) {
        const auto count = log.due_each_second[second];
        if (count > most || due.size() + count > most)
            throw std::runtime_error("the log has more requests than can be replayed");
        for (std::uint64_t i = 0; i < count; ++i)
            due.push_back(std::min<nanoseconds>(std::chrono::seconds(second) +
                                                    std::chrono::seconds(1) * static_cast<std::int64_t>(i) /
                                                        static_cast<std::int64_t>(count),
                                                duration - nanoseconds(1)));
    }
    log.due = std::make_shared<const std::vector<nanoseconds>>(std::move(due));
    return std::make_shared<const replay_log>(std::move(log));
}

std::optional<unsigned> read_status(const json& from) {
    const auto& status = from.at("expect_status");
    return status.is_null() ? std::nullopt : std::optional(status.get<unsigned>());
}

run_options read_options(const json& test) {
    const auto& config = test.at("config");
    run_options o;
    o.name = test.at("name");
    o.method = config.at("method");
    o.timeout = read_time(config.at("timeout_s"));
    o.warmup = read_time(config.at("warmup_s"));
    o.spin = config.at("spin");
    o.rules.automatic = config.value("connections_auto", false);
    o.rules.keep_alive = config.value("keepalive", true);
    if (const auto limit = config.value("requests_per_connection", json()); !limit.is_null())
        o.rules.requests = limit.get<std::uint32_t>();
    o.clients.think = read_time(config.value("think_s", json(0.0)));
    if (const auto clients = config.value("clients", json()); !clients.is_null()) {
        o.clients.first = clients.at("first");
        o.clients.last = clients.at("last");
        o.clients.every = read_time(clients.at("step_every_s"));
    }
    o.expected_status = read_status(config);
    if (const auto& requests = config.at("requests"); !requests.is_null())
        for (const json& from : requests)
            o.requests.push_back({.name = from.at("name"),
                                  .weight = from.at("weight"),
                                  .method = from.at("method"),
                                  .path = from.at("path"),
                                  .headers = {},
                                  .body = {},
                                  .expected = read_status(from)});
    if (o.requests.size() > request_set::most_named)
        throw std::runtime_error(fmt::format("more than {} requests", request_set::most_named));
    if (const auto& text = config.at("expect_body_contains"); !text.is_null())
        o.expected_body.emplace(text.get<std::string>());
    if (const auto& after = config.at("late_after_s"); !after.is_null())
        o.skip_after = read_time(after);
    if (const auto& condition = config.at("stop_when"); !condition.is_null())
        o.stop_when = stop_condition::parse(condition.get_ref<const std::string&>());
    o.arrivals = {config.at("arrivals") == "poisson" ? arrival_kind::poisson : arrival_kind::uniform,
                  config.at("seed").get<std::uint64_t>()};
    for (const json& from : config.at("stages"))
        o.stages.push_back(read_stage(from));
    if (const auto& replay = config.at("replay"); !replay.is_null()) {
        if (o.stages.size() != 1 || o.stages.front().duration.count() < 1)
            throw std::runtime_error("a replay is one stage");
        o.replay = read_replay(replay, o.stages.front().duration);
    }
    for (const json& text : test.at("slos"))
        o.slos.push_back(parse_slo(text.get_ref<const std::string&>()));
    for (const json& t : test.at("targets"))
        o.targets.push_back(
            parse_target(t.at("name").get<std::string>() + '=' + t.at("url").get_ref<const std::string&>()));
    return o;
}

// By name only: nothing is sent, and what requests are made from need not be here.
request_set requests_of(const run_options& o, const url& where) {
    line_files none;
    const request_template any(o.method, where, body_template::literal(where.target), {}, body_template(),
                               none);
    if (o.requests.size() < 2)
        return any;
    std::vector<request_set::named> several;
    for (const auto& r : o.requests)
        several.push_back({r.name, 1, any, r.expected}); // nothing is drawn
    return {std::move(several), o.arrivals.seed};
}

plan plan_of(const run_options& o) {
    plan what{.arrivals =
                  o.replay ? schedule(o.replay->due, o.replay->duration) : schedule(o.stages, o.arrivals),
              .targets = {}};
    for (const auto& t : o.targets)
        what.targets.push_back({t.name, t.where, requests_of(o, t.where), {}});
    what.rules = o.rules;
    what.timeout = o.timeout;
    what.expected_status = o.expected_status;
    what.expected_body = o.expected_body;
    what.skip_after = o.skip_after;
    what.warmup = o.warmup;
    what.spin = o.spin;
    what.seed = o.arrivals.seed;
    return what;
}

} // namespace

json test_json(const plan& what, const run_options& options) {
    auto config = config_json(what, options);
    for (const auto* const own : {"shard", "threads", "connections"})
        config.erase(own);
    json targets = json::array();
    for (const auto& t : what.targets)
        targets.push_back({{"name", t.name}, {"url", t.where.text}});
    json slos = json::array();
    for (const auto& objective : options.slos)
        slos.push_back(objective.text);
    return {{"name", options.name},
            {"config", std::move(config)},
            {"targets", std::move(targets)},
            {"slos", std::move(slos)},
            {"request_crc32", request_checksum(what)}};
}

std::string difference(const json& ours, const json& theirs) {
    const auto patch = json::diff(ours, theirs);
    if (patch.empty())
        return {};
    // The checksum says least: it is told where all else is the same.
    const auto named = std::find_if(patch.begin(), patch.end(), [](const json& one) {
        return one.at("path").get_ref<const std::string&>() != "/request_crc32";
    });
    const auto& first = named == patch.end() ? patch.front() : *named;
    const json::json_pointer where(first.at("path").get<std::string>());
    constexpr std::size_t longest = 100;
    const auto value = [&](const json& test) {
        return (test.contains(where) ? test.at(where) : json(nullptr))
            .dump(-1, ' ', true, json::error_handler_t::replace)
            .substr(0, longest);
    };
    return fmt::format("{} is {} and {}", where.to_string().substr(where.empty() ? 0 : 1), value(ours),
                       value(theirs));
}

known_test read_test(const json& test) {
    try {
        auto options = read_options(test);
        if (options.targets.empty())
            throw std::runtime_error("it has no target");
        auto what = plan_of(options);
        return {std::move(options), std::move(what)};
    } catch (const json::exception& problem) {
        throw std::runtime_error(fmt::format("\"test\" cannot be read: {}", problem.what()));
    } catch (const std::invalid_argument& problem) {
        throw std::runtime_error(fmt::format("\"test\" cannot be read: {}", problem.what()));
    }
}

} // namespace beastmark::loadgen
