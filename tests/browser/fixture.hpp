// Results as docs/result.md describes them, made up for tests: large ones without large files.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::fixture {

struct result_shape {
    std::string target = "ingest";
    int stages = 8;
    int seconds_per_stage = 5;
    double step_rps = 1'000;     // a staircase: stage n asks for n times this
    double capacity_rps = 5'500; // beyond it the service queues, then times out
    bool with_database = true;   // watched postgres and memcached, scraped db_client series
    bool stopped = true;
};

/// A staircase that meets its limit, deterministic.
nlohmann::json staircase(const result_shape& shape);

/// The staircase with what loadgen says of its own figures: three seconds of stage 3 disturbed by steal,
/// three of stage 5 limited by the load generator, the service saturated from 25 s on; some answers 5xx, some
/// connections reset. Not to be believed as a whole.
nlohmann::json judged_staircase(const result_shape& shape);

/// The judged staircase of today's loadgen: with percentile spectra, the buckets of each second and the kind
/// of loop.
nlohmann::json measured_staircase(const result_shape& shape);

/// The staircase against three addresses: one slow, one dead.
nlohmann::json staircase_over_addresses(const result_shape& shape);

/// One target, nothing recorded: no stage, no second, null percentiles.
nlohmann::json empty();

} // namespace beastmark::fixture
