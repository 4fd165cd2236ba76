#include "loadgen/settings/setting.hpp"

#include <CLI/CLI.hpp>

namespace beastmark::loadgen::settings {

std::string key_of(const CLI::Option& option) {
    if (!option.get_configurable())
        return {};
    if (!option.get_lnames().empty())
        return option.get_lnames().front();
    return CLI::detail::to_lower(option.get_name(true));
}

std::vector<const CLI::Option*> settable(const CLI::App& command) {
    return command.get_options([](const CLI::Option* option) { return !key_of(*option).empty(); });
}

const CLI::Option* find(const CLI::App& command, const std::string& key) {
    for (const auto* const option : settable(command))
        if (key_of(*option) == key)
            return option;
    return nullptr;
}

bool is_flag(const CLI::Option& option) {
    return option.get_expected_max() == 0;
}

bool is_repeatable(const CLI::Option& option) {
    return option.get_expected_max() > 1;
}

void with_file(std::string_view key, std::vector<std::string>& texts,
               const std::function<std::string(const std::string& name)>& moved) {
    if (texts.empty() || texts.front().empty())
        return;
    auto& text = texts.front();
    if (key == "requests" || key == "replay")
        text = moved(text);
    else if (key == "body" && text.starts_with('@'))
        text = "@" + moved(text.substr(1));
}

} // namespace beastmark::loadgen::settings
