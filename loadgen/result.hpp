// result.json: what a run found, as docs/result.md has it.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/slo.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <span>
#include <string>

namespace beastmark::loadgen {

/// Everything but `slo`, `watched`, `scraped` and `manifest.placement`.
nlohmann::json make_result(const run_record& record, const run_options& options, int exit_code);

/// `config`.
nlohmann::json config_json(const plan& what, const run_options& options);

/// Figures as `latency` has them.
nlohmann::json latency_json(const latency_figures& f);

/// A second as `timeline` has it.
nlohmann::json row_json(const row& r, const window_evidence& evidence);

nlohmann::json slos_json(std::span<const slo_result> objectives);

/// "2026-01-31T10:00:00.123Z".
std::string utc_text(std::chrono::system_clock::time_point time);

} // namespace beastmark::loadgen
