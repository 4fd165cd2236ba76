#include "loadgen/timeline.hpp"

#include "common/histogram_encoding.hpp"
#include "loadgen/result.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, latency_figures row::*>, 5> figures{{
    {"response", &row::response},
    {"service", &row::service},
    {"failed", &row::failed},
    {"generator_lag", &row::generator_lag},
    {"connection_wait", &row::connection_wait},
}};

std::ofstream create(const std::filesystem::path& path) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file)
        throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
    return file;
}

void close_checked(std::ofstream& file, const std::filesystem::path& path) {
    file.close();
    if (!file)
        throw std::runtime_error(
            fmt::format("{} is not complete: a write failed, perhaps the disk is full", path.string()));
}

std::string csv_heading() {
    std::string line = "target,loop,warmup,t_s,offered,sent,completed";
    for (const auto name : outcome_names)
        line += fmt::format(",{}", name);
    line += ",availability,in_flight,connections,waiting";
    for (const auto& [name, member] : figures)
        line += fmt::format(",{0}_count,{0}_p50_us,{0}_p99_us,{0}_p999_us,{0}_max_us", name);
    return line + ",verdict,cause\n";
}

std::string csv_line(std::string_view target, const plan& what, const row& r) {
    auto line = fmt::format("{},{},{},{:.3f},{},{},{}", target, loop_name(what), r.warmup ? 1 : 0,
                            in_seconds(r.ends), r.offered, r.sent, r.completed);
    line += fmt::format(",{}", fmt::join(r.outcomes, ","));
    line += r.availability ? fmt::format(",{:.6g}", *r.availability) : std::string(",");
    line += fmt::format(",{},{},{}", r.in_flight, r.connections, r.waiting);
    for (const auto& [name, member] : figures) {
        const auto& f = r.*member;
        line += f.count > 0 ? fmt::format(",{},{:.3f},{:.3f},{:.3f},{:.3f}", f.count, f.p50_us, f.p99_us,
                                          f.p999_us, f.max_us)
                            : std::string(",0,,,,");
    }
    return line + fmt::format(",{},{}\n", name_of(r.judged.is), name_of(r.judged.because));
}

} // namespace

timeline::timeline(const std::filesystem::path& folder, const run_record& record)
    : ndjson_path_(folder / "timeline.ndjson"),
      csv_path_(folder / "timeline.csv"),
      ndjson_(create(ndjson_path_)),
      csv_(create(csv_path_)) {
    ndjson_ << json{{"schema", "loadgen.timeline/1"},
                    {"started_at", utc_text(record.started_at)},
                    {"loop", loop_name(record.what)},
                    {"warmup_s", in_seconds(record.what.warmup)}}
                   .dump()
            << '\n';
    csv_ << csv_heading();
}

void timeline::add(const run_record& record, std::size_t target_index, const latencies& times) {
    const auto& target = record.targets[target_index];
    const auto& name = record.what.targets[target_index].name;
    auto line = row_json(target.rows().back(), target.windows().back());
    line["target"] = name;
    auto& histograms = line["hdr"] = json::object();
    for (const auto& kind : latency_kinds)
        if (const auto& h = times.*kind.member; h.count() > 0)
            histograms[std::string(kind.name)] = encode_v2(h);
    ndjson_ << line.dump() << '\n' << std::flush;
    csv_ << csv_line(name, record.what, target.rows().back()) << std::flush;
}

void timeline::close() {
    close_checked(ndjson_, ndjson_path_);
    close_checked(csv_, csv_path_);
}

} // namespace beastmark::loadgen
