#include "loadgen/settings/again.hpp"

#include "loadgen/command_line.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/secrets.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::settings {

namespace {

[[noreturn]] void fail(const std::string& path, std::string_view why) {
    throw std::invalid_argument(fmt::format("--again {}: {}", path, why));
}

nlohmann::json manifest_of(const std::string& path, const std::string& command) {
    const auto result = nlohmann::json::parse(read_file(path), nullptr, false);
    if (!result.is_object() || !result.contains("manifest") || !result["manifest"].is_object())
        fail(path, "not a result.json of loadgen");
    auto manifest = result["manifest"];
    const auto& argv = manifest["argv"];
    if (!argv.is_array() || argv.size() < 2 ||
        !std::ranges::all_of(argv, [](const auto& word) { return word.is_string(); }))
        fail(path, "it does not hold the command line of its run");
    const auto made_by = argv[1].get<std::string>();
    if (made_by != command)
        fail(path, made_by == "run" || made_by == "capacity"
                       ? fmt::format("it was made by loadgen {0}: loadgen {0} --again {1}", made_by, path)
                       : fmt::format("it was made by loadgen {}, which loads nothing", made_by));
    return manifest;
}

// Files that it wrote, which would be written over, and processes that have other ids by now.
constexpr std::array<std::string_view, 5> of_that_run{"output", "k6-summary", "k6-summary-export", "hdrplot",
                                                      "watch"};

// Paths of that run are relative to where it was started.
std::string path_of(const nlohmann::json& manifest, const std::string& name) {
    if (!manifest.value("directory", nlohmann::json()).is_string())
        return name;
    return (std::filesystem::path(manifest["directory"].get<std::string>()) / name).string();
}

} // namespace

earlier_run read_again(const std::string& path, const CLI::App& command) {
    const auto manifest = manifest_of(path, command.get_name());
    command_line before;
    auto* const parsed = before.subcommand(command.get_name());
    try {
        before.parse(manifest["argv"].get<std::vector<std::string>>());
    } catch (const CLI::ParseError& problem) {
        fail(path, fmt::format("its command line is not understood: {}", problem.what()));
    }
    earlier_run run;
    std::vector<std::string> without;
    for (const auto* const option : settable(*parsed)) {
        const auto key = key_of(*option);
        if (option->count() == 0)
            continue;
        if (std::ranges::find(of_that_run, key) != of_that_run.end()) {
            without.push_back("--" + key);
            continue;
        }
        auto& added = run.settings.emplace_back(setting{key, option->results(), path});
        with_file(key, added.texts, [&](const std::string& name) { return path_of(manifest, name); });
    }
    if (!without.empty())
        run.note = fmt::format("--again {}: without its {}", path, fmt::join(without, ", "));
    return run;
}

void keep_headers(std::vector<setting>& now, std::vector<setting>& before, const std::string& path) {
    const auto old = std::ranges::find(before, "header", &setting::key);
    if (old == before.end())
        return;
    const auto given = std::ranges::find(now, "header", &setting::key);
    std::erase_if(old->texts, [&](const std::string& line) {
        return given != now.end() && std::ranges::any_of(given->texts, [&](const std::string& other) {
                   return boost::iequals(header_name(other), header_name(line));
               });
    });
    for (const auto& line : old->texts)
        if (is_secret(header_name(line)) && line == without_value(line))
            fail(path, fmt::format("results do not hold the value of the header {0}: give -H '{0}: ...', too",
                                   header_name(line)));
    if (given != now.end())
        given->texts.insert(given->texts.begin(), old->texts.begin(), old->texts.end());
}

} // namespace beastmark::loadgen::settings
