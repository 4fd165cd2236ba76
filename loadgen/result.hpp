// result.json: what a run found, as docs/result.md has it.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/slo.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// Everything but `slo`, `watched`, `scraped` and `manifest.placement`.
nlohmann::json make_result(const run_record& record, const run_options& options, int exit_code);

/// A second as `timeline` has it.
nlohmann::json row_json(const row& r, const window_evidence& evidence);

nlohmann::json slos_json(std::span<const slo_result> objectives);

/// "2026-01-31T10:00:00.123Z".
std::string utc_text(std::chrono::system_clock::time_point time);

/// Writes a file so that a reader sees all of it or nothing: under another name first, then renamed. Throws
/// std::runtime_error with one clear line.
void write_file(const std::filesystem::path& path, std::string_view content);

} // namespace beastmark::loadgen
