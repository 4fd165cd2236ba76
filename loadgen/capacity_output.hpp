// A capacity search as people and programs read it.
#pragma once

#include "loadgen/capacity_run.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace beastmark::loadgen {

/// "probe 7   5,120/s for 5 s   p99 12.1 ms   error_rate 0 %   held".
std::string probe_text(const rate_probe& probe, std::size_t number);

/// The rates it lies between: "5,010 to 5,080/s", "at least 4,000/s".
std::string interval_text(const capacity_answer& found);

/// What is known of rates above `rate`: nothing was asked, or what was gave no answer.
std::string asked_above_text(std::span<const rate_probe> probes, double rate);

/// The answer in one line, the objectives in it.
std::string answer_text(const capacity_run& search, bool interrupted);

/// `capacity` of docs/result.md.
nlohmann::json capacity_json(const capacity_run& search, bool interrupted);

} // namespace beastmark::loadgen
