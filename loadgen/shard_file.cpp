#include "loadgen/shard_file.hpp"

#include "loadgen/shard_second.hpp"
#include "loadgen/shard_test.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;
using std::chrono::system_clock;

std::int64_t since_epoch_ns(system_clock::time_point t) {
    return std::chrono::nanoseconds(t.time_since_epoch()).count();
}

system_clock::time_point read_time_point(const json& ns) {
    constexpr std::int64_t year_2200 = 7'258'118'400'000'000'000;
    return system_clock::time_point(
        std::chrono::nanoseconds(std::clamp(ns.get<std::int64_t>(), std::int64_t{0}, year_2200)));
}

} // namespace

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

json facts_json(const shard_facts& f) {
    json skew = nullptr;
    if (f.skew)
        skew = {{"seconds", f.skew->seconds}, {"error", f.skew->error}};
    return {{"index", f.index},
            {"host", f.host},
            {"started_ns", since_epoch_ns(f.started_at)},
            {"threads", f.threads},
            {"connections", f.connections},
            {"labels", f.labels},
            {"clock_skew", std::move(skew)},
            {"offered", f.offered}};
}

shard_facts read_facts(const json& from) {
    shard_facts f;
    f.index = from.at("index");
    f.host = from.at("host");
    f.started_at = read_time_point(from.at("started_ns"));
    f.threads = from.at("threads");
    f.connections = from.at("connections");
    f.labels = from.at("labels").get<std::map<std::string, std::string>>();
    if (const auto& skew = from.at("clock_skew"); !skew.is_null())
        f.skew = clock_skew{skew.at("seconds").get<double>(), skew.at("error").get<double>()};
    f.offered = from.at("offered").get<std::vector<std::uint64_t>>();
    return f;
}

json end_json(std::uint64_t index, const shard_end& end) {
    json stopped = nullptr;
    if (end.stopped_on)
        stopped = {{"target", *end.stopped_on}, {"at_ns", end.stopped_at.count()}};
    return {{"index", index},
            {"ended_ns", since_epoch_ns(end.at)},
            {"duration_ns", end.duration.count()},
            {"signal", end.signal},
            {"stopped", std::move(stopped)}};
}

shard_end read_end(const json& from) {
    shard_end end;
    end.at = read_time_point(from.at("ended_ns"));
    end.duration = run_time(from.at("duration_ns").get<run_time::rep>());
    end.signal = from.at("signal");
    if (const auto& stopped = from.at("stopped"); !stopped.is_null()) {
        end.stopped_on = stopped.at("target").get<std::string>();
        end.stopped_at = run_time(stopped.at("at_ns").get<run_time::rep>());
    }
    return end;
}

shard_file::shard_file(const std::filesystem::path& folder, const run_record& record,
                       const run_options& options, const std::optional<clock_skew>& skew)
    : path_(folder / shard_file_name),
      file_(path_, std::ios::binary | std::ios::trunc),
      index_(options.share.index) {
    if (!file_)
        throw std::runtime_error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
    const shard_facts facts{.index = index_,
                            .host = host_name(),
                            .started_at = record.started_at,
                            .threads = record.what.threads,
                            .connections = record.what.connections,
                            .labels = options.labels,
                            .skew = skew};
    file_ << json{{"schema", shard_schema},
                  {"test", test_json(record.what, options)},
                  {"of", options.share.of},
                  {"shards", json::array({facts_json(facts)})}}
                 .dump()
          << '\n'
          << std::flush;
}

void shard_file::add(const report_block& block, const machine_evidence& machine) {
    file_ << second_json(block, machine).dump() << '\n' << std::flush;
}

void shard_file::end(const run_record& record) {
    shard_end end{.at = record.ended_at, .duration = record.duration, .signal = record.signal};
    if (record.stopped) {
        end.stopped_on = record.what.targets[record.stopped->target].name;
        end.stopped_at = record.stopped->at;
    }
    file_ << json{{"ended", json::array({end_json(index_, end)})}}.dump() << '\n';
    file_.close();
    if (!file_)
        throw std::runtime_error(
            fmt::format("{} is not complete: a write failed, perhaps the disk is full", path_.string()));
}

} // namespace beastmark::loadgen
