#include "loadgen/compared_run.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/scraped_figures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, measure_count> names{"achieved_rps",
                                                            "p50_us",
                                                            "p99_us",
                                                            "p999_us",
                                                            "availability",
                                                            "cpu_cores",
                                                            "cpu_us_per_request",
                                                            "memory_bytes",
                                                            "throttled_share",
                                                            "insert_p99_us",
                                                            "set_p99_us",
                                                            "postgres_cpu_cores",
                                                            "memcached_cpu_cores",
                                                            "pool_used",
                                                            "pool_idle",
                                                            "pool_connecting"};

constexpr double us_per_s = 1e6;

bool flag(const json& in, const char* name, bool otherwise) {
    const json& found = part_of(in, name);
    return found.is_boolean() ? found.get<bool>() : otherwise;
}

std::string text(const json& in, const char* name) {
    const json& found = part_of(in, name);
    return found.is_string() ? found.get<std::string>() : std::string();
}

/// A stage that held one rate; nothing for another.
std::optional<double> held_rate_of(const json& stage) {
    const auto kind = text(stage, "kind");
    const auto rate = number_of(part_of(stage, "from_rps"));
    if ((kind != "hold" && kind != "step") || flag(stage, "warmup", false) || !rate || *rate <= 0)
        return std::nullopt;
    return rate;
}

/// The run ended in its first half: what was still to be answered of the stage before weighs more in it than
/// its own requests.
bool is_only_begun(const json& result, const json& stage) {
    const auto ended = number_of(part_of(part_of(result, "run"), "duration_s"));
    const auto start = number_of(part_of(stage, "start_s"));
    const auto end = number_of(part_of(stage, "end_s"));
    return !flag(stage, "complete", true) && ended && start && end && *ended - *start < (*end - *start) / 2;
}

void judge(compared_stage& stage, const json& validity) {
    // A stage shorter than a second may hold the middle of none: nothing is said of it then.
    if (!part_of(validity, "verdict").is_string() || number_of(part_of(validity, "measured_s")) == 0.0)
        return;
    stage.believable = flag(validity, "believable", true);
    stage.verdict = text(validity, "verdict");
    stage.cause = text(validity, "cause");
}

figures figures_of(const json& result, const std::string& target, const json& stage) {
    figures found{};
    const auto set = [&](measure what, std::optional<double> value) {
        found[static_cast<std::size_t>(what)] = value;
    };
    const json& totals = part_of(stage, "totals");
    const json& response = part_of(part_of(stage, "latency"), "response");
    const auto achieved = number_of(part_of(totals, "achieved_rps"));
    set(measure::achieved_rps, achieved);
    set(measure::availability, number_of(part_of(totals, "availability")));
    set(measure::p50_us, number_of(part_of(response, "p50_us")));
    set(measure::p99_us, number_of(part_of(response, "p99_us")));
    set(measure::p999_us, number_of(part_of(response, "p999_us")));

    const seconds_of_stage seconds{number_of(part_of(stage, "start_s")).value_or(0),
                                   number_of(part_of(stage, "end_s")).value_or(0)};
    const json& watched = part_of(result, "watched");
    const auto cores = [&](const char* process) {
        const json& samples = part_of(watched, process);
        return mean_of(seconds.of(part_of(samples, "t_s"), part_of(samples, "cpu_cores")));
    };
    const auto own = cores(target.c_str());
    set(measure::cpu_cores, own);
    if (own && achieved && *achieved > 0)
        set(measure::cpu_us_per_request, *own * us_per_s / *achieved);
    const json& samples = part_of(watched, target.c_str());
    set(measure::memory_bytes,
        highest_of(seconds.of(part_of(samples, "t_s"), part_of(samples, "memory_bytes"))));
    set(measure::postgres_cpu_cores, cores("postgres"));
    set(measure::memcached_cpu_cores, cores("memcached"));

    const scraped_figures scraped(result, target, seconds);
    set(measure::throttled_share, scraped.throttled_share());
    set(measure::insert_p99_us, scraped.operation_p99_us("INSERT"));
    set(measure::set_p99_us, scraped.operation_p99_us("set"));
    set(measure::pool_used, scraped.pool_connections("used"));
    set(measure::pool_idle, scraped.pool_connections("idle"));
    set(measure::pool_connecting, scraped.pool_connections("connecting"));
    return found;
}

std::vector<compared_stage> read_stages(const json& result, const std::string& target, const json& stages) {
    std::vector<compared_stage> found;
    if (!stages.is_array())
        return found;
    for (const json& stage : stages) {
        const auto rate = held_rate_of(stage);
        if (!rate || is_only_begun(result, stage) ||
            std::any_of(found.begin(), found.end(),
                        [&](const compared_stage& other) { return is_same_rate(other.rate_rps, *rate); }))
            continue;
        compared_stage& one = found.emplace_back();
        one.rate_rps = *rate;
        one.complete = flag(stage, "complete", true);
        judge(one, part_of(stage, "validity"));
        one.values = figures_of(result, target, stage);
    }
    std::sort(found.begin(), found.end(),
              [](const compared_stage& a, const compared_stage& b) { return a.rate_rps < b.rate_rps; });
    return found;
}

} // namespace

std::string_view name_of(measure what) {
    return names[static_cast<std::size_t>(what)];
}

bool is_same_rate(double a, double b) {
    constexpr double tolerance = 1e-3;
    return std::abs(a - b) <= tolerance * std::max(a, b);
}

const compared_stage* stage_at(const compared_run& run, double rate_rps) {
    const auto found = std::find_if(run.stages.begin(), run.stages.end(), [&](const compared_stage& stage) {
        return is_same_rate(stage.rate_rps, rate_rps);
    });
    return found == run.stages.end() ? nullptr : &*found;
}

std::vector<compared_run> read_runs(const json& result, std::size_t index) {
    std::vector<compared_run> runs;
    const json& targets = part_of(result, "targets");
    // The probes of a capacity search are no ladder: which rates they are depends on what became of them.
    if (!targets.is_object() || part_of(result, "capacity").is_object())
        return runs;
    for (const auto& [name, target] : targets.items()) {
        compared_run& run = runs.emplace_back();
        run.target = name;
        run.result = index;
        run.method = text(target, "method");
        run.closed_loop = text(part_of(result, "config"), "loop") == "closed";
        run.stopped = part_of(part_of(result, "run"), "stopped").is_object();
        run.stages = read_stages(result, name, part_of(target, "stages"));
        const json& process = part_of(part_of(result, "watched"), name.c_str());
        run.watched = process.is_object();
        run.peak_memory_bytes = highest_of(numbers_of(part_of(process, "memory_bytes")));
    }
    return runs;
}

} // namespace beastmark::loadgen
