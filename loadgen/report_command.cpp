#include "loadgen/report_command.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/comparison_output.hpp"
#include "loadgen/report.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp> // App.hpp alone leaves the classes it holds without their vtables
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen {
namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out)
        throw std::runtime_error("cannot be written");
}

int complain(const std::filesystem::path& path, const char* what) {
    std::fprintf(stderr, "loadgen report: %s: %s\n", path.c_str(), what);
    return 1;
}

/// The tables to stdout and, when asked for, to a file.
int tell_comparison(const comparison_outcome& outcome, const report_arguments& arguments) {
    if (!outcome.found) {
        if (!outcome.why_not.empty())
            std::fprintf(stderr, "loadgen report: no comparison: %s\n", outcome.why_not.c_str());
        return arguments.markdown
                   ? complain(*arguments.markdown, "not written: the results are no comparison")
                   : 0;
    }
    std::fputs(comparison_text(*outcome.found).c_str(), stdout);
    try {
        if (arguments.markdown)
            write_file(*arguments.markdown, comparison_markdown(*outcome.found, arguments.title));
    } catch (const std::exception& error) {
        return complain(*arguments.markdown, error.what());
    }
    return 0;
}

} // namespace

CLI::App* add_report_command(CLI::App& app, report_arguments& arguments) {
    CLI::App* command = app.add_subcommand(
        "report", "Make one HTML report from one or several results. Several of targets that were loaded "
                  "alone, by the same stages, are compared: the k-th result of a target is its round k. The "
                  "tables go to stdout, too");
    command->add_option("results", arguments.results, "result.json of a run; may be repeated")->required();
    command->add_option("-o,--output", arguments.output, "The page to write")->capture_default_str();
    command->add_option("--title", arguments.title, "Heading of the page; the targets' names when not given");
    command->add_option("--markdown", arguments.markdown,
                        "Write the comparison's tables there, for documents");
    command
        ->add_option("--held-p99", arguments.held_p99,
                     "A rate counts as held with a p99 response time below this")
        ->capture_default_str();
    command
        ->add_option("--held-availability", arguments.held_availability,
                     "and with more than this of the requests answered as wanted")
        ->capture_default_str();
    return command;
}

objective objective_of(const report_arguments& arguments) {
    const auto p99 = parse_duration(arguments.held_p99);
    if (!p99 || p99->count() <= 0)
        throw std::invalid_argument(
            fmt::format("--held-p99: '{}' is not a duration above 0, e.g. 50ms", arguments.held_p99));
    std::string_view percent = arguments.held_availability;
    if (percent.ends_with('%'))
        percent.remove_suffix(1);
    const auto availability = parse_number<double>(percent);
    const auto within = availability && *availability >= 0 && *availability < 100; // none is above 100 %
    if (!within)
        throw std::invalid_argument(
            fmt::format("--held-availability: '{}' is not a percentage from 0% to below 100%, e.g. 99.9%",
                        arguments.held_availability));
    return {static_cast<double>(p99->count()) / 1000, *availability / 100};
}

int run_report(const report_arguments& arguments) {
    const auto wanted = objective_of(arguments);
    std::vector<nlohmann::json> results;
    for (const auto& path : arguments.results) {
        try {
            results.push_back(read_result(path));
        } catch (const std::exception& error) {
            return complain(path, error.what());
        }
    }
    const auto compared = compare(results, wanted);
    try {
        write_file(arguments.output, render_report(results, compared, arguments.title));
    } catch (const std::exception& error) {
        return complain(arguments.output, error.what());
    }
    return tell_comparison(compared, arguments);
}

} // namespace beastmark::loadgen
