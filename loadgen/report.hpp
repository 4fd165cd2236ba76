// The report: one HTML file with the results inside, that needs no network to be read.
#pragma once

#include "loadgen/comparison.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

struct report_options {
    std::string title;  // empty: made from the targets' names
    objective wanted{}; // of a comparison
};

/// `results` as in docs/result.md, one or several; they are not checked here (see check_result). Series that
/// no chart shows and encoded histograms are left out of the page. Results that are a comparison (see
/// compare()) are shown as one.
std::string render_report(std::span<const nlohmann::json> results, const report_options& options = {});

/// The same, of results that were compared already.
std::string render_report(std::span<const nlohmann::json> results, const comparison_outcome& compared,
                          const std::string& title);

/// What is wrong with a result, in one line; empty when it can be shown.
std::string check_result(const nlohmann::json& result);

/// A result that can be shown. Throws std::runtime_error with what is wrong, without the file's name.
nlohmann::json read_result(const std::filesystem::path& path);

/// JSON as the content of a <script> element: no sequence that ends it or opens a comment.
std::string escape_for_script(std::string_view json);

} // namespace beastmark::loadgen
