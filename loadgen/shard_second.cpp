#include "loadgen/shard_second.hpp"

#include "common/histogram_encoding.hpp"
#include "common/number.hpp"
#include "loadgen/request_set.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

// What an answer over DNS has room for: memory is bounded whatever a stranger sends.
constexpr std::size_t most_addresses = 4096;

std::runtime_error wrong(std::string_view what) {
    return std::runtime_error(fmt::format("not a second of a shard: {}", what));
}

std::uint64_t count_in(const json& object, const char* name) {
    const auto& value = object.at(name);
    if (!value.is_number_unsigned())
        throw wrong(fmt::format("\"{}\" is no count", name));
    return value.get<std::uint64_t>();
}

std::chrono::nanoseconds time_in(const json& object, const char* name) {
    constexpr std::uint64_t hundred_years = 3'200'000'000'000'000'000;
    return std::chrono::nanoseconds(std::min(count_in(object, name), hundred_years));
}

double share_in(const json& object, const char* name) {
    const auto value = object.at(name).get<double>();
    if (!std::isfinite(value) || value < 0)
        throw wrong(fmt::format("\"{}\" is no share", name));
    return value;
}

json histogram_json(const histogram& h) {
    const auto known = h.exact();
    return {{"hdr", encode_v2(h)},
            {"min_ns", known.min_ns},
            {"max_ns", known.max_ns},
            {"sum_ns", known.sum_ns},
            {"overflow", known.overflow}};
}

histogram read_histogram(const json& from) {
    auto decoded = decode_v2(from.at("hdr").get_ref<const std::string&>());
    if (!decoded)
        throw wrong("\"hdr\" is not a histogram of loadgen's");
    if (!decoded->restore({count_in(from, "min_ns"), count_in(from, "max_ns"),
                           from.at("sum_ns").get<double>(), count_in(from, "overflow")}))
        throw wrong("a histogram contradicts its minimum, maximum or sum");
    return std::move(*decoded);
}

json statuses_json(const std::array<std::uint64_t, tally::status_count>& counts) {
    json all = json::object();
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0)
            all[std::to_string(i)] = counts[i];
    return all;
}

void read_statuses(const json& from, std::array<std::uint64_t, tally::status_count>& counts) {
    for (const auto& [key, value] : from.items()) {
        const auto status = parse_number<std::size_t>(key);
        if (!status || *status >= counts.size())
            throw wrong(fmt::format("'{}' is no status", key.substr(0, 20)));
        counts[*status] = count_in(from, key.c_str());
    }
}

json errors_json(const std::vector<error_count>& errors) {
    json all = json::array();
    for (const auto& e : errors)
        all.push_back({static_cast<int>(e.where), e.code.message(), e.count});
    std::sort(all.begin(), all.end());
    return all;
}

json addresses_json(const address_tallies& addresses) {
    json all = json::array();
    for (const auto* t : addresses.in_order())
        all.push_back({{"address", t->where.address().to_string()},
                       {"port", t->where.port()},
                       {"opened", t->opened},
                       {"not_opened", errors_json(t->not_opened)},
                       {"outcomes", t->outcomes},
                       {"response", t->response.count() > 0 ? histogram_json(t->response) : json(nullptr)}});
    return all;
}

json requests_json(const request_tallies& requests) {
    json all = json::array();
    for (const auto& t : requests.all())
        all.push_back({{"sent", t.sent},
                       {"outcomes", t.outcomes},
                       {"response", t.response.count() > 0 ? histogram_json(t.response) : json(nullptr)}});
    return all;
}

json slice_json(const slice& part) {
    const auto& t = part.counts;
    json times = json::object();
    for (const auto& kind : latency_kinds)
        if (const auto& h = part.times.*kind.member; h.count() > 0)
            times[std::string(kind.name)] = histogram_json(h);
    return {{"segment", part.segment},
            {"ok_in_time", part.ok_in_time},
            {"offered", t.offered},
            {"sent", t.sent},
            {"not_connected", t.not_connected},
            {"completed", t.completed},
            {"skipped_late", t.skipped_late},
            {"bytes_in", t.bytes_in},
            {"bytes_out", t.bytes_out},
            {"outcomes", t.outcomes},
            {"statuses", statuses_json(t.statuses)},
            {"good_statuses", statuses_json(t.good_statuses)},
            {"wrong_bodies", statuses_json(t.wrong_bodies)},
            {"errors", errors_json(t.errors)},
            {"times", std::move(times)},
            {"addresses", addresses_json(part.addresses)},
            {"requests", requests_json(part.requests)}};
}

std::array<std::uint64_t, outcome_count> read_outcomes(const json& from) {
    if (!from.is_array() || from.size() != outcome_count)
        throw wrong("\"outcomes\" are not as many as this program knows");
    return from.get<std::array<std::uint64_t, outcome_count>>();
}

void read_errors(const json& from, std::vector<error_count>& errors) {
    for (const json& e : from) {
        const auto where = e.at(0).get<unsigned>();
        if (where >= phase_count)
            throw wrong("an error of no phase");
        add_error(errors, static_cast<phase>(where), told_error(e.at(1).get_ref<const std::string&>()),
                  e.at(2).get<std::uint64_t>());
    }
}

void read_addresses(const json& from, address_tallies& addresses) {
    if (from.size() > most_addresses)
        throw wrong(fmt::format("more than {} addresses", most_addresses));
    std::size_t place = 0;
    for (const json& each : from) {
        boost::system::error_code code;
        const auto address =
            boost::asio::ip::make_address(each.at("address").get_ref<const std::string&>(), code);
        const auto port = count_in(each, "port");
        if (code || port > UINT16_MAX)
            throw wrong("an address that is none");
        auto& t = addresses.at(place++, {address, static_cast<std::uint16_t>(port)});
        t.opened = count_in(each, "opened");
        read_errors(each.at("not_opened"), t.not_opened);
        t.outcomes = read_outcomes(each.at("outcomes"));
        if (const auto& response = each.at("response"); !response.is_null())
            t.response = read_histogram(response);
    }
}

void read_requests(const json& from, request_tallies& requests) {
    if (from.size() > request_set::most_named)
        throw wrong(fmt::format("more than {} requests", request_set::most_named));
    std::size_t index = 0;
    for (const json& each : from) {
        auto& t = requests.at(index++, from.size());
        t.sent = count_in(each, "sent");
        t.outcomes = read_outcomes(each.at("outcomes"));
        if (const auto& response = each.at("response"); !response.is_null())
            t.response = read_histogram(response);
    }
}

void read_tally(const json& from, tally& t) {
    t.offered = count_in(from, "offered");
    t.sent = count_in(from, "sent");
    t.not_connected = count_in(from, "not_connected");
    t.completed = count_in(from, "completed");
    t.skipped_late = count_in(from, "skipped_late");
    t.bytes_in = count_in(from, "bytes_in");
    t.bytes_out = count_in(from, "bytes_out");
    t.outcomes = read_outcomes(from.at("outcomes"));
    read_statuses(from.at("statuses"), t.statuses);
    read_statuses(from.at("good_statuses"), t.good_statuses);
    read_statuses(from.at("wrong_bodies"), t.wrong_bodies);
    read_errors(from.at("errors"), t.errors);
}

void read_times(const json& from, latencies& times) {
    for (const auto& kind : latency_kinds)
        if (const auto found = from.find(std::string(kind.name)); found != from.end())
            (times.*kind.member).merge(read_histogram(*found));
}

json evidence_json(const thread_evidence& seen) {
    return {{"cpu_ns", std::max<std::int64_t>(0, seen.cpu.count())},
            {"run_delay_ns", std::max<std::int64_t>(0, seen.run_delay.count())},
            {"stall_ns", std::max<std::int64_t>(0, seen.stall.count())},
            {"retransmitted", seen.retransmitted}};
}

} // namespace

json second_json(const report_block& block, const machine_evidence& machine) {
    json slices = json::array();
    for (std::size_t i = 0; i < block.counts->size(); ++i)
        slices.push_back(slice_json((*block.counts)[i]));
    std::sort(slices.begin(), slices.end(), [](const json& a, const json& b) {
        return a["segment"].get<std::size_t>() < b["segment"].get<std::size_t>();
    });
    return {{"target", block.target},
            {"row", block.row},
            {"ends_ns", std::max<std::int64_t>(0, block.ends.count())},
            {"in_flight", block.in_flight},
            {"connections", block.connections},
            {"waiting", block.waiting},
            {"evidence", evidence_json(block.evidence)},
            {"throttled_share", machine.throttled_share},
            {"steal_share", machine.steal_share},
            {"slices", std::move(slices)}};
}

shard_second read_second(const json& line, std::size_t targets, std::size_t segments) {
    try {
        shard_second second;
        auto& block = second.block;
        block.target = count_in(line, "target");
        if (block.target >= targets)
            throw wrong("there is no such target");
        block.row = count_in(line, "row");
        block.ends = time_in(line, "ends_ns");
        block.in_flight = count_in(line, "in_flight");
        block.connections = count_in(line, "connections");
        block.waiting = count_in(line, "waiting");
        const auto& seen = line.at("evidence");
        block.evidence = {time_in(seen, "cpu_ns"), time_in(seen, "run_delay_ns"), time_in(seen, "stall_ns"),
                          count_in(seen, "retransmitted")};
        second.machine = {share_in(line, "throttled_share"), share_in(line, "steal_share")};
        block.counts = std::make_unique<interval>();
        for (const json& from : line.at("slices")) {
            const auto segment = count_in(from, "segment");
            if (segment >= segments)
                throw wrong("there is no such stage");
            auto& part = block.counts->of(segment);
            part.ok_in_time = count_in(from, "ok_in_time");
            read_tally(from, part.counts);
            read_times(from.at("times"), part.times);
            read_addresses(from.at("addresses"), part.addresses);
            read_requests(from.at("requests"), part.requests);
        }
        return second;
    } catch (const json::exception& problem) {
        throw wrong(problem.what());
    }
}

void merge(shard_second& into, const shard_second& from) {
    auto& a = into.block;
    const auto& b = from.block;
    a.ends = std::max(a.ends, b.ends);
    a.in_flight += b.in_flight;
    a.connections += b.connections;
    a.waiting += b.waiting;
    a.evidence.cpu = std::max(a.evidence.cpu, b.evidence.cpu);
    a.evidence.run_delay = std::max(a.evidence.run_delay, b.evidence.run_delay);
    a.evidence.stall = std::max(a.evidence.stall, b.evidence.stall);
    a.evidence.retransmitted += b.evidence.retransmitted;
    into.machine.throttled_share = std::max(into.machine.throttled_share, from.machine.throttled_share);
    into.machine.steal_share = std::max(into.machine.steal_share, from.machine.steal_share);
    a.counts->merge(*b.counts);
}

std::uint64_t offered_from(const shard_second& second, std::size_t first_stage) {
    std::uint64_t offered = 0;
    for (std::size_t i = 0; i < second.block.counts->size(); ++i)
        if (const auto& part = (*second.block.counts)[i]; part.segment >= first_stage)
            offered += part.counts.offered;
    return offered;
}

} // namespace beastmark::loadgen
