#include "loadgen/manual/flag_table.hpp"

#include "loadgen/manual/flags.hpp"

#include <CLI/CLI.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

namespace beastmark::loadgen::manual {

namespace {

// '|' ends a cell, '<' begins HTML.
std::string cell(std::string text) {
    boost::replace_all(text, "|", "\\|");
    boost::replace_all(text, "<", "&lt;");
    return text;
}

} // namespace

std::string flag_table(const CLI::App& app, const std::string& name) {
    std::string table = "| flag | default | effect |\n|---|---|---|\n";
    for (const auto& one : subcommands_of(app)) {
        if (one.name != name)
            continue;
        for (const auto& f : one.flags) {
            std::string names;
            for (const auto& each : f.names)
                names += fmt::format("{}`{}`", names.empty() ? "" : " ", each);
            table += fmt::format("| {} | {} | {} |\n", names,
                                 f.has_value && !f.value.empty() ? fmt::format("`{}`", f.value) : "",
                                 cell(f.description));
        }
    }
    return table;
}

} // namespace beastmark::loadgen::manual
