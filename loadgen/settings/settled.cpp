#include "loadgen/settings/settled.hpp"

#include "loadgen/command_line.hpp"
#include "loadgen/settings/again.hpp"
#include "loadgen/settings/config_file.hpp"
#include "loadgen/settings/environment.hpp"
#include "loadgen/settings/reference_config.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace beastmark::loadgen::settings {

namespace {

struct exclusion {
    std::string_view key;
    std::vector<std::string_view> others;
};

// Who asks for one shape of load wants no other; who names a URL, no other targets.
const std::array<exclusion, 11>& exclusions() {
    static const std::array<exclusion, 11> all{{
        {"rate",
         {"replay", "replay-speed", "stage", "k6-stage", "k6-start-rate", "closed", "clients", "step-every",
          "think"}},
        {"stage",
         {"replay", "replay-speed", "rate", "duration", "k6-stage", "k6-start-rate", "closed", "clients",
          "step-every", "think"}},
        {"k6-stage",
         {"replay", "replay-speed", "rate", "duration", "stage", "closed", "clients", "step-every", "think"}},
        {"closed",
         {"replay", "replay-speed", "rate", "stage", "k6-stage", "k6-start-rate", "clients", "step-every",
          "arrivals", "on-late", "spin"}},
        {"clients",
         {"replay", "replay-speed", "rate", "stage", "k6-stage", "k6-start-rate", "arrivals", "on-late",
          "spin"}},
        {"requests", {"method", "body", "replay", "replay-speed"}},
        {"method", {"requests", "replay", "replay-speed"}},
        {"body", {"requests", "replay", "replay-speed"}},
        {"replay",
         {"rate", "duration", "stage", "k6-stage", "k6-start-rate", "closed", "clients", "step-every",
          "think", "arrivals", "warmup", "method", "body", "requests"}},
        {"url", {"target"}},
        {"target", {"url"}},
    }};
    return all;
}

// One number of clients is held for -d, a range of them takes --step-every.
bool is_time_of_other_clients(const setting& before, std::string_view key) {
    if (before.key != "clients" || before.texts.empty())
        return false;
    return key == (before.texts.front().find("..") == std::string::npos ? "step-every" : "duration");
}

bool excludes(const setting& before, std::string_view key) {
    if (before.texts == std::vector<std::string>{"false"}) // --closed=false asks for nothing
        return false;
    if (is_time_of_other_clients(before, key))
        return true;
    return std::any_of(exclusions().begin(), exclusions().end(), [&](const exclusion& each) {
        return each.key == before.key && std::ranges::find(each.others, key) != each.others.end();
    });
}

std::vector<setting> typed_settings(const CLI::App& command) {
    std::vector<setting> typed;
    for (const auto* const option : settable(command))
        if (option->count() > 0)
            typed.push_back({key_of(*option), option->results()});
    return typed;
}

// As one would type it, in the order of --help.
std::vector<std::string> spelled(const CLI::App& command, const std::vector<setting>& all) {
    std::vector<std::string> words;
    std::vector<std::string> positionals;
    for (const auto* const option : settable(command)) {
        const auto found = std::ranges::find(all, key_of(*option), &setting::key);
        if (found == all.end())
            continue;
        for (const auto& text : found->texts) {
            if (!option->nonpositional())
                positionals.push_back(text);
            else if (is_flag(*option) && text == "true")
                words.push_back("--" + found->key);
            else if (text.empty()) // CLI11 takes "--name=" for "--name"
                words.insert(words.end(), {"--" + found->key, text});
            else
                words.push_back(fmt::format("--{}={}", found->key, text));
        }
    }
    words.insert(words.end(), positionals.begin(), positionals.end());
    return words;
}

std::string text_of(const CLI::App& command, const char* option) {
    const auto* const found = command.get_option_no_throw(option);
    return found != nullptr && found->count() > 0 ? found->results().front() : "";
}

} // namespace

void add_source_options(CLI::App& command, source_arguments& a) {
    command
        .add_option("--config", a.config,
                    "read options from this TOML file: a key for each, by its long name (rate = \"10k\"). "
                    "What is typed goes before the environment (LOADGEN_RATE=10k), that before the file")
        ->configurable(false);
    command
        .add_option(
            "--again", a.again,
            "RESULT.json: run that again, with what else is given changed; without the files it wrote "
            "and its --watch")
        ->configurable(false);
    command
        .add_flag("--print-config", a.print_config,
                  "print what would be run, as a file for --config, instead of running it")
        ->configurable(false);
}

std::vector<setting> merged(const std::vector<std::vector<setting>>& layers) {
    std::vector<setting> all;
    for (const auto& layer : layers) {
        const auto before = all;
        for (const auto& each : layer) {
            const bool hidden = std::ranges::any_of(before, [&](const setting& other) {
                return other.key == each.key || excludes(other, each.key);
            });
            if (!hidden)
                all.push_back(each);
        }
    }
    return all;
}

settled_arguments settle(std::vector<std::string> argv) {
    command_line scratch;
    auto* const command = argv.size() < 2 ? nullptr : scratch.subcommand(argv[1]);
    if (command == nullptr || command->get_option_no_throw("--config") == nullptr)
        return {std::move(argv), {}, {}};
    for (auto* const option : command->get_options())
        option->required(false); // it may stand elsewhere
    try {
        scratch.parse(argv);
    } catch (const CLI::ParseError&) {
        return {std::move(argv), {}, {}};
    }
    const auto config = text_of(*command, "--config");
    const auto again = text_of(*command, "--again");
    std::vector<std::vector<setting>> layers{typed_settings(*command), read_environment(*command)};
    if (!config.empty())
        layers.push_back(read_config(config, *command));
    const auto reference = text_of(*command, "--reference-config");
    if (!reference.empty())
        layers.push_back(read_reference_config(reference));
    auto all = merged(layers);
    settled_arguments settled;
    if (!again.empty()) {
        auto before = read_again(again, *command);
        settled.note = std::move(before.note);
        keep_headers(all, before.settings, again);
        all = merged({all, before.settings});
    }
    std::ranges::copy_if(all, std::back_inserter(settled.from),
                         [](const setting& each) { return !each.where.empty(); });
    if (settled.from.empty() && config.empty() && reference.empty() && again.empty()) {
        settled.argv = std::move(argv);
        return settled;
    }
    settled.argv = {argv[0], argv[1]};
    std::ranges::move(spelled(*command, all), std::back_inserter(settled.argv));
    if (command->get_option("--print-config")->count() > 0)
        settled.argv.emplace_back("--print-config");
    return settled;
}

std::string where_of(std::string_view message, const std::vector<setting>& from) {
    const auto speaks_of = [&](const std::string& words) {
        const auto at = message.find(words);
        const auto end = at + words.size();
        return at != std::string_view::npos &&
               (end == message.size() ||
                (std::isalnum(static_cast<unsigned char>(message[end])) == 0 && message[end] != '-'));
    };
    for (const auto& each : from)
        for (const auto& text : each.texts)
            if (speaks_of("--" + each.key) || (!text.empty() && speaks_of(fmt::format("'{}'", text))))
                return fmt::format(" ({})", each.where);
    return {};
}

} // namespace beastmark::loadgen::settings
