#include "loadgen/interop/exports.hpp"

#include "loadgen/interop/hdrplot.hpp"
#include "loadgen/interop/k6_summary.hpp"
#include "loadgen/output_folder.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace beastmark::loadgen::interop {

namespace {

void write_json(const std::string& path, const nlohmann::json& content) {
    write_file(path, content.dump(4, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

} // namespace

void add_export_options(CLI::App& run, export_arguments& a) {
    run.add_option("--k6-summary", a.k6_summary,
                   "write this file, too: the summary that k6 gives to handleSummary(), as JSON");
    run.add_option("--k6-summary-export", a.k6_summary_export,
                   "write this file, too: the JSON of k6's --summary-export");
    run.add_option("--hdrplot", a.hdrplot,
                   "write this file, too: response times as text, as vegeta report -type=hdrplot does; of "
                   "one target");
}

void check(const export_arguments& wanted, std::size_t targets) {
    if (!wanted.hdrplot.empty() && targets > 1)
        throw std::invalid_argument(
            fmt::format("--hdrplot {}: holds one target, there are {}: -o DIR writes NAME.hgrm of each",
                        wanted.hdrplot, targets));
    require_folder_of("--k6-summary", wanted.k6_summary);
    require_folder_of("--k6-summary-export", wanted.k6_summary_export);
    require_folder_of("--hdrplot", wanted.hdrplot);
}

void write(const export_arguments& wanted, const run_record& record, std::span<const slo_result> objectives) {
    if (!wanted.k6_summary.empty() || !wanted.k6_summary_export.empty()) {
        const auto summary = k6_summary(record, objectives);
        if (!wanted.k6_summary.empty())
            write_json(wanted.k6_summary, summary);
        if (!wanted.k6_summary_export.empty())
            write_json(wanted.k6_summary_export, k6_summary_export(summary));
    }
    if (!wanted.hdrplot.empty())
        write_file(wanted.hdrplot, hdrplot(record.targets.front().total().times.response));
}

} // namespace beastmark::loadgen::interop
