#include "loadgen/paired/compare_command.hpp"

#include "common/number.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/json_parts.hpp"
#include "loadgen/markdown.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/paired/comparability.hpp"
#include "loadgen/paired/comparison.hpp"
#include "loadgen/paired/output.hpp"
#include "loadgen/paired/words.hpp"
#include "loadgen/report.hpp"
#include "loadgen/tell.hpp"
#include "loadgen/wrapped.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp> // App.hpp alone leaves the classes it holds without their vtables
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen::paired {
namespace {

using nlohmann::json;

// A result and the target of it that is compared.
struct measured_run {
    std::filesystem::path path;
    std::string name; // of the run, to tell it from the others
    std::string target;
    json result;
};

double read_share(const char* option, std::string_view text) {
    const auto share =
        text.ends_with('%') ? parse_number<double>(text.substr(0, text.size() - 1)) : std::nullopt;
    if (!share || !(*share >= 0) || !(*share <= 100))
        throw std::invalid_argument(
            fmt::format("{} '{}': give a percentage from 0% to 100%, e.g. 5%", option, text));
    return *share / 100;
}

// Results are all called result.json: their folders tell them apart.
std::string name_of_run(const std::filesystem::path& path) {
    const auto folder = path.parent_path().filename();
    return path.filename() == "result.json" && !folder.empty() ? folder.string() : path.stem().string();
}

std::string target_of(const json& result, const std::string& path, const std::string& asked) {
    std::vector<std::string> names;
    for (const auto& [name, target] : result.at("targets").items())
        names.push_back(name);
    if (asked.empty() && names.size() > 1)
        throw std::invalid_argument(fmt::format("{} has several targets: choose one with --target: {}", path,
                                                fmt::join(names, ", ")));
    if (!asked.empty() && std::find(names.begin(), names.end(), asked) == names.end())
        throw std::invalid_argument(
            fmt::format("{} has no target '{}'; there are {}", path, asked, fmt::join(names, ", ")));
    return asked.empty() ? names.front() : asked;
}

measured_run read(std::filesystem::path path, const std::string& target) {
    if (std::filesystem::is_directory(path))
        path /= "result.json";
    measured_run run;
    run.path = std::filesystem::absolute(path).lexically_normal();
    run.name = name_of_run(run.path);
    try {
        run.result = read_result(path);
    } catch (const std::exception& error) {
        throw std::runtime_error(fmt::format("{}: {}", path.string(), error.what()));
    }
    run.target = target_of(run.result, path.string(), target);
    return run;
}

side side_of(const measured_run& run) {
    return {run.name, read_stages(run.result, run.target)};
}

std::vector<side> sides_of(const std::vector<measured_run>& runs) {
    std::vector<side> sides;
    for (const auto& run : runs)
        sides.push_back(side_of(run));
    return sides;
}

// Two of the same name would not be told apart.
void require_names(const measured_run& base, std::vector<measured_run>& others) {
    for (std::size_t i = 0; i < others.size(); ++i) {
        const auto taken = [&](const std::string& name) {
            return name == base.name ||
                   std::any_of(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(i),
                               [&](const measured_run& before) { return before.name == name; });
        };
        const auto given = others[i].name;
        for (int number = 2; taken(others[i].name); ++number)
            others[i].name = fmt::format("{}-{}", given, number);
    }
}

// What speaks against a comparison, said on stderr; with --force it is said all the same.
class objections {
public:
    void add(const measured_run& base, const measured_run& run) {
        for (const auto& line : doubts_about(run.result, run.target))
            say(doubted_, fmt::format("{} is not to be believed: {}", run.path.string(), line));
        for (const auto& line : unlike(base.result, run.result))
            say(unlike_,
                fmt::format("{} and {} are not alike: {}", base.path.string(), run.path.string(), line));
    }

    [[nodiscard]] bool any() const { return doubted_ || unlike_; }

    /// 4 for what is not to be believed, else 1: could not run.
    [[nodiscard]] int exit_code() const {
        return doubted_ ? exits::not_to_be_believed : exits::could_not_run;
    }

private:
    static void say(bool& what, const std::string& line) {
        what = true;
        tell("{}", wrapped("loadgen compare:", line, 2));
    }

    bool doubted_ = false;
    bool unlike_ = false;
};

void tell_missing_floors(const std::vector<comparison>& noise) {
    for (const auto& null : noise)
        for (const auto& stage : null.stages)
            if (!stage.why_not.empty())
                tell("{}", wrapped("loadgen compare:",
                                   fmt::format("{} gives no noise floor at {}: {}", null.other,
                                               rate_of(stage), stage.why_not),
                                   2));
}

struct judgement {
    std::vector<std::string> regressions;
    std::vector<std::string> not_sure;   // may be regressions
    std::vector<std::string> no_verdict; // names of what lacks one
    bool any_judged = false;

    [[nodiscard]] int exit_code() const {
        if (!regressions.empty())
            return exits::objective_missed;
        return any_judged && not_sure.empty() && no_verdict.empty() ? 0 : exits::not_to_be_believed;
    }
};

judgement judge(const std::vector<comparison>& all, const tolerance& allowed) {
    judgement found;
    for (const auto& one : all) {
        if (one.stages.empty())
            found.no_verdict.push_back(one.other);
        for (const auto& stage : one.stages) {
            if (stage.lacks_verdict())
                found.no_verdict.push_back(fmt::format("{} at {}", one.other, rate_of(stage)));
            for (const auto& d : stage.differences) {
                found.any_judged = true;
                if (is_regression(d, allowed))
                    found.regressions.push_back(sentence_of(one, stage, d));
                else if (may_be_regression(d, allowed))
                    found.not_sure.push_back(sentence_of(one, stage, d));
            }
        }
    }
    return found;
}

std::string outcome_of(const judgement& found, const compare_arguments& arguments) {
    if (!found.any_judged)
        return "NO VERDICT: nothing could be judged.";
    if (!found.regressions.empty())
        return fmt::format("REGRESSION of more than {}: {}.", arguments.tolerance,
                           fmt::join(found.regressions, "; "));
    if (!found.not_sure.empty())
        return fmt::format("NO VERDICT: more than {} worse, but not for sure: {}. Hold the rate for longer.",
                           arguments.tolerance, fmt::join(found.not_sure, "; "));
    if (!found.no_verdict.empty())
        return fmt::format("NO VERDICT on {}. Of the rest no regression of more than {} is shown.",
                           fmt::join(found.no_verdict, ", "), arguments.tolerance);
    return fmt::format("No regression of more than {} is shown (of the error rate, {}).", arguments.tolerance,
                       arguments.error_tolerance);
}

} // namespace

CLI::App* add_compare_command(CLI::App& app, compare_arguments& a) {
    auto* command = app.add_subcommand(
        "compare",
        "Compare results with that of a base, second by second: which is worse, by how much, how sure. "
        "Exit code 3 on a regression");
    command->add_option("base", a.base, "result.json of the base, or its folder")->required();
    command->add_option("new", a.others, "results to compare with it, by the same stages on the same machine")
        ->required();
    command
        ->add_option("--again", a.again,
                     "another result of the base: how far it is from itself is the noise floor, below which "
                     "nothing is called a difference; repeatable")
        ->allow_extra_args(false);
    command->add_option("--target", a.target, "which target to compare, of results with several");
    command->add_option("--tolerance", a.tolerance, "a regression is worse by more than this, for sure")
        ->capture_default_str();
    command
        ->add_option("--error-tolerance", a.error_tolerance,
                     "the same of the error rate, in points: 0.1% is from 0.2 % to 0.3 %")
        ->capture_default_str();
    command->add_option("--markdown", a.markdown, "write it there, too, e.g. for a pull request");
    command->add_flag("--force", a.force, "compare also what is not to be believed, or not alike");
    return command;
}

int run_compare(const compare_arguments& arguments) {
    const tolerance allowed{read_share("--tolerance", arguments.tolerance),
                            read_share("--error-tolerance", arguments.error_tolerance)};
    const auto base = read(arguments.base, arguments.target);
    std::vector<measured_run> others;
    std::vector<measured_run> again;
    for (const auto& path : arguments.others)
        others.push_back(read(path, arguments.target));
    for (const auto& path : arguments.again)
        again.push_back(read(path, arguments.target));
    require_names(base, others);
    objections against;
    against.add(base, base);
    for (const auto& run : others)
        against.add(base, run);
    for (const auto& run : again)
        against.add(base, run);
    if (against.any() && !arguments.force) {
        tell("loadgen compare: not compared; --force compares all the same\n");
        return against.exit_code();
    }
    const auto base_side = side_of(base);
    const auto noise = compare(base_side, sides_of(again));
    tell_missing_floors(noise);
    const auto all = compare(base_side, sides_of(others), noise);
    const auto found = judge(all, allowed);
    const auto outcome = outcome_of(found, arguments);
    std::string markdown = escaped_markdown(outcome) + "\n\n";
    for (const auto& one : all) {
        show("{}\n", text_of(one));
        markdown += markdown_of(one) + "\n";
    }
    show("{}", wrapped("", outcome, 2));
    if (arguments.markdown)
        write_file(*arguments.markdown, markdown);
    return found.exit_code();
}

} // namespace beastmark::loadgen::paired
