#include "loadgen/manual/man_page.hpp"

#include "common/version.hpp"
#include "loadgen/manual/flags.hpp"

#include <CLI/CLI.hpp>
#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <string_view>

namespace beastmark::loadgen::manual {

namespace {

// As roff's text: its escapes, and a dot or a quote at the beginning of a line, mean something else.
std::string escaped(std::string_view text) {
    std::string result = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
    for (const char c : text) {
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else
            result += c;
    }
    return result;
}

std::string flag_text(const flag& f) {
    std::string names;
    for (const auto& name : f.names)
        names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", escaped(name));
    std::string choices;
    for (const auto& choice : f.choices)
        choices += fmt::format("{}{}", choices.empty() ? "" : "|", choice);
    if (f.has_value && !f.positional)
        names += fmt::format(" \\fI{}\\fR", choices.empty() ? "VALUE" : escaped(choices));
    const auto tail = f.has_value && !f.value.empty() ? fmt::format(" [{}]", f.value) : "";
    return fmt::format(".TP\n{}\n{}\n", names, escaped(f.description + tail));
}

std::string section(std::string_view title, std::string_view text) {
    return fmt::format(".SH {}\n{}\n", title, text);
}

} // namespace

std::string man_page(const CLI::App& app) {
    const auto all = subcommands_of(app);
    auto page = fmt::format(".TH LOADGEN 1 \"\" \"loadgen {}\" \"User Commands\"\n", version());
    page += section("NAME", "loadgen \\- offers load to HTTP services, on schedule");
    std::string lines;
    for (const auto& one : all)
        lines += fmt::format("{}\\fBloadgen {}\\fR [\\fIOPTION\\fR]...{}", lines.empty() ? "" : "\n.br\n",
                             escaped(one.name), one.has_sources ? " [\\fIURL\\fR]" : "");
    page += section("SYNOPSIS", lines);
    page += section("DESCRIPTION", escaped(app.get_description()));
    for (const auto& one : all) {
        page += section(fmt::format("LOADGEN {}", boost::to_upper_copy(one.name)), escaped(one.description));
        for (const auto& f : one.flags)
            page += flag_text(f);
    }
    page += section("FILES AND ENVIRONMENT",
                    escaped("Options of the subcommands that know --config may also stand in a TOML file and "
                            "in the environment: --stop-when is the key stop-when and the variable "
                            "LOADGEN_STOP_WHEN. What is typed goes before the environment, that before the "
                            "file. In a variable each line is one value of an option that may be repeated, "
                            "in a file an array holds them."));
    return page + section("EXIT STATUS", escaped(app.get_footer()));
}

} // namespace beastmark::loadgen::manual
