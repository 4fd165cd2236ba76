// What became of each shard: who is missing, what was not offered.
#pragma once

#include "loadgen/shard_merge.hpp"
#include "loadgen/slo.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// `shards` of docs/result.md.
nlohmann::json shards_json(const merged_run& merged);

/// The same for people: a line, and one for each shard that is missing or was cut off.
std::string shards_text(const merged_run& merged);

/// A merged run, judged.
struct merged_result {
    nlohmann::json result; // result.json of it
    std::vector<slo_result> objectives;
    int exit_code = 0;
};

merged_result judge(const merged_run& merged);

} // namespace beastmark::loadgen
