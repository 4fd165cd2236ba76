// shard.ndjson: what one shard of a test counted, second by second, so that `loadgen merge` can put it
// together with the others'. Written while the run goes on: of a shard that is killed there is what it
// counted until then.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

inline constexpr std::string_view shard_schema = "loadgen.shard/4";
inline constexpr const char* shard_file_name = "shard.ndjson";

/// How a shard's wall clock stood to that of shard 0, as the barrier found.
struct clock_skew {
    double seconds = 0; // its own clock is ahead by so much
    double error = 0;   // and at most so much more or less: half of the round trip
};

struct shard_end {
    std::chrono::system_clock::time_point at{};
    run_time duration{}; // of the arrivals
    int signal = 0;
    std::optional<std::string> stopped_on{}; // the target whose --stop-when held
    run_time stopped_at{};
};

/// A shard, apart from what it counted.
struct shard_facts {
    std::uint64_t index = 0;
    std::string host{};
    std::chrono::system_clock::time_point started_at{};
    std::uint32_t threads = 0;
    std::uint32_t connections = 0;
    std::map<std::string, std::string> labels{};
    std::optional<clock_skew> skew{};
    std::optional<shard_end> end{};       // nothing: it was cut off
    std::vector<std::uint64_t> offered{}; // to each target, the warm-up left out; of a merged file
};

/// Of this machine.
std::string host_name();

nlohmann::json facts_json(const shard_facts& facts);

/// Throws nlohmann::json::exception.
shard_facts read_facts(const nlohmann::json& from);

nlohmann::json end_json(std::uint64_t index, const shard_end& end);

/// Throws nlohmann::json::exception.
shard_end read_end(const nlohmann::json& from);

class shard_file {
public:
    /// Throws std::runtime_error with one clear line.
    shard_file(const std::filesystem::path& folder, const run_record& record, const run_options& options,
               const std::optional<clock_skew>& skew);

    /// Whether it could be written is known after end().
    void add(const report_block& block, const machine_evidence& machine);

    /// Throws std::runtime_error with one clear line when something could not be written.
    void end(const run_record& record);

private:
    std::filesystem::path path_;
    std::ofstream file_;
    std::uint64_t index_;
};

} // namespace beastmark::loadgen
