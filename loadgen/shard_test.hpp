// What the shards of one test have to have in common: its name, targets, requests and schedule.
#pragma once

#include "loadgen/plan.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen {

/// The test a shard is of. Threads and connections are each shard's own, and not part of it.
nlohmann::json test_json(const plan& what, const run_options& options);

/// Where two tests differ, as "config/seed is 1 and 2" (ours first); empty when they are one.
std::string difference(const nlohmann::json& ours, const nlohmann::json& theirs);

/// What is known of a test from outside: without the requests' bytes, and with targets that are not resolved.
struct known_test {
    run_options options;
    plan what;
};

/// Reads what test_json() wrote. Throws std::runtime_error with one clear line.
known_test read_test(const nlohmann::json& test);

} // namespace beastmark::loadgen
