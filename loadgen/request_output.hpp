// The figures of each request of a target with several, for people and for result.json.
#pragma once

#include "loadgen/request_set.hpp"
#include "loadgen/request_tally.hpp"
#include "loadgen/run_options.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen {

/// `requests` of docs/result.md. `counted` is of `asked`.
nlohmann::json requests_json(const request_set& asked, const request_tallies& counted);

/// `config.requests` and `config.replay` of docs/result.md; null without --requests, without --replay.
nlohmann::json asked_json(const run_options& options);
nlohmann::json replay_json(const run_options& options);

/// A table of the first requests. Empty where they are not told apart.
std::string requests_text(const request_set& asked, const request_tallies& counted);

} // namespace beastmark::loadgen
