#include "loadgen/manual/completion.hpp"

#include "loadgen/manual/flags.hpp"

#include <CLI/CLI.hpp>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace beastmark::loadgen::manual {

namespace {

std::string quoted(std::string text) {
    boost::replace_all(text, "'", "'\\''");
    return "'" + text + "'";
}

// Between brackets and colons of _arguments.
std::string described(std::string text) {
    for (const auto* const special : {"\\", "[", "]", ":"})
        boost::replace_all(text, special, std::string("\\") + special);
    return text;
}

std::string bash_cases(const subcommand& one) {
    std::string cases;
    for (const auto& f : one.flags)
        if (f.positional) {
            continue;
        } else if (!f.choices.empty()) {
            for (const auto& name : f.names)
                cases += fmt::format("    {}:{}) words='{}' ;;\n", one.name, name,
                                     boost::algorithm::join(f.choices, " "));
        } else if (f.has_value) {
            for (const auto& name : f.names)
                cases += fmt::format("    {}:{}) ;;\n", one.name, name); // a file may be meant
        }
    std::vector<std::string> names;
    std::string positionals;
    for (const auto& f : one.flags) {
        if (!f.positional)
            names.push_back(f.names.back());
        else if (!f.choices.empty())
            positionals = boost::algorithm::join(f.choices, " ");
    }
    return cases + fmt::format("    {}:*) if [[ $current == -* ]]; then words='{}'; else words='{}'; fi ;;\n",
                               one.name, boost::algorithm::join(names, " "), positionals);
}

std::string zsh_spec(const flag& f) {
    const auto what = described(f.description);
    const auto values = f.choices.empty()
                            ? ":value:_files"
                            : fmt::format(":value:({})", boost::algorithm::join(f.choices, " "));
    if (f.positional)
        return quoted(
            fmt::format("{}{}", f.repeatable ? "*" : "", f.choices.empty() ? ":argument:_files" : values));
    std::string specs;
    const auto excluded =
        f.repeatable ? std::string("*") : fmt::format("({})", boost::algorithm::join(f.names, " "));
    for (const auto& name : f.names)
        specs +=
            fmt::format("{}{}", specs.empty() ? "" : " ",
                        quoted(fmt::format("{}{}[{}]{}", excluded, name, what, f.has_value ? values : "")));
    return specs;
}

} // namespace

std::string bash_completion(const CLI::App& app) {
    const auto all = subcommands_of(app);
    std::string names;
    std::string cases;
    for (const auto& one : all) {
        names += one.name + " ";
        cases += bash_cases(one);
    }
    return fmt::format(R"(# bash completion for loadgen
_loadgen() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words=''
    COMPREPLY=()
    [[ $before != = ]] || before=${{COMP_WORDS[COMP_CWORD - 2]}} # --flag=value are three words to bash
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '{}--help --version' -- "$current")
        return
    fi
    case ${{COMP_WORDS[1]}}:$before in
{}    esac
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o bashdefault -o default -F _loadgen loadgen
)",
                       names, cases);
}

std::string zsh_completion(const CLI::App& app) {
    std::string commands;
    std::string cases;
    for (const auto& one : subcommands_of(app)) {
        commands += fmt::format("        {}\n", quoted(one.name + ":" + one.description));
        cases += fmt::format("    {})\n        _arguments", one.name);
        for (const auto& f : one.flags)
            cases += fmt::format(" \\\n            {}", zsh_spec(f));
        cases += " ;;\n";
    }
    return fmt::format(R"(#compdef loadgen
_loadgen() {{
    local -a commands=(
{}    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    shift words
    ((CURRENT -= 1))
    case $words[1] in
{}    esac
}}
if [[ $funcstack[1] == _loadgen ]]; then _loadgen "$@"; else compdef _loadgen loadgen; fi
)",
                       commands, cases);
}

} // namespace beastmark::loadgen::manual
