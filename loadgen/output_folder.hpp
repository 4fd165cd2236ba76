// What a run leaves in its folder, and with which exit code it ends.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/slo.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// Writes a file so that a reader sees all of it or nothing: under another name first, then renamed; what a
/// link points to, not the link. To a device or pipe (/dev/stdout, /dev/fd/3) it is written as it is. Throws
/// std::runtime_error with one clear line.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Throws std::runtime_error with one clear line.
std::string read_file(const std::filesystem::path& path);

/// Makes it when it is missing. Throws std::runtime_error with one clear line.
void require_folder(const std::string& folder);

/// That `file` can be written into its folder, before a measurement and not after it; empty: no file. Throws
/// std::runtime_error with one clear line that names `option`.
void require_folder_of(std::string_view option, const std::filesystem::path& file);

/// Of a run before this one: beside a timeline of this run they would tell of another.
void remove_results(const std::filesystem::path& folder, const run_record& record);

/// result.json, report.html and NAME.hgrm, and says so on stdout. Throws std::runtime_error with one clear
/// line.
void write_results(const std::filesystem::path& folder, const std::string& title, const run_record& record,
                   const nlohmann::json& result);

/// docs/design.md section 4. A run cut short by a signal is not judged; `all_shards`: none is missing.
int exit_code_of(const run_record& record, std::span<const slo_result> objectives, bool all_shards = true);

} // namespace beastmark::loadgen
