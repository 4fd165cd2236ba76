#include "loadgen/manual/flags.hpp"

#include "loadgen/settings/setting.hpp"

#include <CLI/CLI.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>

namespace beastmark::loadgen::manual {

namespace {

// CLI11 tells them with the type: "TEXT:{uniform,poisson}".
std::vector<std::string> choices_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto open = type.find('{');
    const auto close = type.find('}', open);
    std::vector<std::string> choices;
    if (open != std::string::npos && close != std::string::npos) {
        const auto inside = type.substr(open + 1, close - open - 1);
        boost::split(choices, inside, boost::is_any_of(","));
    }
    return choices;
}

flag flag_of(const CLI::Option& option) {
    flag f;
    for (const auto& letter : option.get_snames())
        f.names.push_back("-" + letter);
    for (const auto& name : option.get_lnames())
        f.names.push_back("--" + name);
    f.positional = !option.nonpositional();
    if (f.positional)
        f.names.push_back(option.get_name(true));
    f.description = option.get_description();
    f.value = option.get_default_str();
    f.choices = choices_of(option);
    f.has_value = !settings::is_flag(option);
    f.repeatable = settings::is_repeatable(option);
    f.key = !settings::key_of(option).empty();
    return f;
}

} // namespace

std::vector<subcommand> subcommands_of(const CLI::App& app) {
    std::vector<subcommand> all;
    for (const auto* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
        auto& one = all.emplace_back(subcommand{command->get_name(), command->get_description(), {}, false});
        for (const auto* const option : command->get_options())
            one.flags.push_back(flag_of(*option));
        one.has_sources = command->get_option_no_throw("--config") != nullptr;
    }
    return all;
}

} // namespace beastmark::loadgen::manual
