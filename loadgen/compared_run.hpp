// What a comparison reads of a result: for each target, figures of each rate that was held for a while.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

enum class measure {
    achieved_rps,
    p50_us,
    p99_us,
    p999_us,
    availability,
    cpu_cores,
    cpu_us_per_request,
    memory_bytes,
    throttled_share,
    insert_p99_us,
    set_p99_us,
    postgres_cpu_cores,
    memcached_cpu_cores,
    pool_used,
    pool_idle,
    pool_connecting
};

inline constexpr std::size_t measure_count = 16;

/// As in the page's JSON: "p99_us".
std::string_view name_of(measure what);

using figures = std::array<std::optional<double>, measure_count>;

struct compared_stage {
    double rate_rps = 0; // asked
    bool complete = true;
    bool believable = true;
    std::string verdict; // with `cause`, of a stage that is not to be believed; as in docs/result.md
    std::string cause;
    figures values{};

    [[nodiscard]] std::optional<double> value(measure what) const {
        return values[static_cast<std::size_t>(what)];
    }
};

/// One target of one result.
struct compared_run {
    std::string target;
    std::string method;
    std::size_t result = 0; // its place among those given
    bool closed_loop = false;
    bool stopped = false;               // by --stop-when: what was measured of the last stage counts
    bool watched = false;               // CPU and memory of a process with the target's name are there
    std::vector<compared_stage> stages; // ascending, each rate once: the first time it was asked for
    std::optional<double> peak_memory_bytes;
};

/// Anything may be missing or of another type: it is left out then. Stages of a warm-up, those whose rate
/// changed and those cut short in their first half are no stages of a comparison.
std::vector<compared_run> read_runs(const nlohmann::json& result, std::size_t index);

/// The same step of a ladder, within 0.1 %.
bool is_same_rate(double a, double b);

/// The stage at that rate; null when there is none.
const compared_stage* stage_at(const compared_run& run, double rate_rps);

} // namespace beastmark::loadgen
