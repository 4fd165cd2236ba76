#include "loadgen/settings/config_file.hpp"

#include "loadgen/output_folder.hpp"
#include "loadgen/settings/toml.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <stdexcept>

namespace beastmark::loadgen::settings {

namespace {

// Levenshtein's: letters to add, leave out or change.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto change = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

const CLI::Option& option_of(const CLI::App& command, const std::string& key, const std::string& where) {
    if (const auto* const option = find(command, key))
        return *option;
    std::vector<std::string> known;
    for (const auto* const option : settable(command)) {
        known.push_back(key_of(*option));
        const auto& letters = option->get_snames(); // of -R: a key is its long name
        if (std::find(letters.begin(), letters.end(), key) != letters.end())
            refuse(where, fmt::format("'{}': write '{}'", key, known.back()));
    }
    refuse(where, fmt::format("'{}' is no option of loadgen {}: did you mean '{}'?", key, command.get_name(),
                              nearest(key, known)));
}

// As one would type it.
std::string text_of(const toml::node& value, const std::string& key, const std::string& where) {
    if (const auto* const text = value.as_string())
        return text->get();
    if (const auto* const whole = value.as_integer())
        return std::to_string(whole->get());
    if (const auto* const yes = value.as_boolean())
        return yes->get() ? "true" : "false";
    if (const auto* const number = value.as_floating_point(); number && std::isfinite(number->get()))
        return fmt::format("{:.15g}", number->get());
    refuse(where, fmt::format("'{}' is neither a text nor a number: put it in quotes", key));
}

// What a file names is beside it, from wherever loadgen is started.
std::string beside(const std::string& path, const std::string& name) {
    return (std::filesystem::path(path).parent_path() / name).string();
}

setting read_entry(const std::string& key, const toml::node& value, const CLI::Option& option,
                   const std::string& path, const std::string& where) {
    setting read{key, {}, where};
    if (value.is_table())
        refuse(where, fmt::format("'{}' is a table: write its value, e.g. {} = \"...\"", key, key));
    if (const auto* const several = value.as_array()) {
        if (!is_repeatable(option))
            refuse(where, fmt::format("'{}' takes one value, not an array", key));
        for (const auto& each : *several)
            read.texts.push_back(text_of(each, key, where));
    } else {
        read.texts.push_back(text_of(value, key, where));
    }
    if (is_flag(option) != value.is_boolean())
        refuse(where, is_flag(option) ? fmt::format("'{}' is true or false", key)
                                      : fmt::format("'{}' takes a value, not true or false", key));
    with_file(key, read.texts, [&](const std::string& name) { return beside(path, name); });
    return read;
}

std::string quoted(const std::string& key, const std::string& text) {
    // 18 digits: more may not fit a TOML integer. JSON's strings are TOML's but for DEL.
    const auto digits = text.find_first_not_of("0123456789") == std::string::npos;
    if (digits && !text.empty() && text.size() <= 18 && (text.front() != '0' || text.size() == 1))
        return text;
    try {
        auto string = nlohmann::json(text).dump();
        for (std::size_t at = 0; (at = string.find('\x7f', at)) != std::string::npos;)
            string.replace(at, 1, "\\u007F");
        return string;
    } catch (const nlohmann::json::type_error&) {
        throw std::invalid_argument(
            fmt::format("--print-config: --{} is not UTF-8, which no TOML file can hold{}", key,
                        key == "body" ? ": give it as -b @FILE" : ""));
    }
}

std::string value_text(const CLI::Option& option) {
    const auto key = key_of(option);
    auto texts = option.results();
    if (is_flag(option))
        return texts.back();
    with_file(key, texts, // from wherever it will be read
              [](const std::string& name) { return std::filesystem::absolute(name).string(); });
    if (!is_repeatable(option))
        return quoted(key, texts.front());
    std::string list;
    for (const auto& text : texts)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", quoted(key, text));
    return fmt::format("[{}]", list);
}

} // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
    std::string best;
    for (const auto& each : known)
        if (best.empty() || distance(typed, each) < distance(typed, best))
            best = each;
    return best;
}

std::vector<setting> parse_config(std::string_view text, const std::string& path, const CLI::App& command) {
    std::vector<setting> read;
    const auto all = parse_toml(text, path);
    for (const auto& [key, value] : all) {
        const auto where = place(path, key.source());
        const std::string name(key.str());
        read.push_back(read_entry(name, value, option_of(command, name, where), path, where));
    }
    return read;
}

std::vector<setting> read_config(const std::string& path, const CLI::App& command) {
    return parse_config(read_file(path), path, command);
}

std::string config_text(const CLI::App& command) {
    auto text = fmt::format("# loadgen {} --config FILE\n", command.get_name());
    for (const auto* const option : settable(command)) {
        const auto key = key_of(*option);
        std::string line;
        if (option->count() > 0)
            line = fmt::format("{} = {}\n", key, value_text(*option));
        else if (is_flag(*option))
            line = fmt::format("#{} = false\n", key);
        else if (!option->get_default_str().empty())
            line = fmt::format("#{} = {}\n", key, quoted(key, option->get_default_str()));
        if (!line.empty())
            text += fmt::format("\n# {}\n{}", option->get_description(), line);
    }
    return text;
}

} // namespace beastmark::loadgen::settings
