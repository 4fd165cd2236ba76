#include "loadgen/report_command.hpp"

#include "loadgen/report.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp> // App.hpp alone leaves the classes it holds without their vtables
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace beastmark::loadgen {
namespace {

/// Throws std::runtime_error with what is wrong.
nlohmann::json read_result(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path))
        throw std::runtime_error("cannot be read");
    nlohmann::json result = nlohmann::json::parse(in, nullptr, false);
    if (result.is_discarded())
        throw std::runtime_error("not JSON");
    if (const std::string wrong = check_result(result); !wrong.empty())
        throw std::runtime_error(wrong);
    return result;
}

void write_page(const std::filesystem::path& path, const std::string& page) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << page;
    out.close();
    if (!out)
        throw std::runtime_error("cannot be written");
}

int complain(const std::filesystem::path& path, const char* what) {
    std::fprintf(stderr, "loadgen report: %s: %s\n", path.c_str(), what);
    return 1;
}

} // namespace

CLI::App* add_report_command(CLI::App& app, report_arguments& arguments) {
    CLI::App* command = app.add_subcommand("report", "Make one HTML report from one or several results");
    command->add_option("results", arguments.results, "result.json of a run; may be repeated")->required();
    command->add_option("-o,--output", arguments.output, "The page to write")->capture_default_str();
    command->add_option("--title", arguments.title, "Heading of the page; the targets' names when not given");
    return command;
}

int run_report(const report_arguments& arguments) {
    std::vector<nlohmann::json> results;
    for (const auto& path : arguments.results) {
        try {
            results.push_back(read_result(path));
        } catch (const std::exception& error) {
            return complain(path, error.what());
        }
    }
    try {
        write_page(arguments.output, render_report(results, {arguments.title}));
    } catch (const std::exception& error) {
        return complain(arguments.output, error.what());
    }
    return 0;
}

} // namespace beastmark::loadgen
