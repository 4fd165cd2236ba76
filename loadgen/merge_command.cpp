#include "loadgen/merge_command.hpp"

#include "loadgen/output_folder.hpp"
#include "loadgen/recovery/recovery_output.hpp"
#include "loadgen/shard_summary.hpp"
#include "loadgen/summary.hpp"
#include "loadgen/tell.hpp"
#include "loadgen/timeline.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp> // App.hpp alone leaves the classes it holds without their vtables
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace beastmark::loadgen {

namespace {

// A folder, or any file in it, stands for what is in the folder.
std::filesystem::path shard_file_of(const std::filesystem::path& given) {
    const auto folder = std::filesystem::is_directory(given) ? given : given.parent_path();
    if (!std::filesystem::exists(folder / shard_file_name))
        throw std::runtime_error(
            fmt::format("{}: there is no {} beside it; runs with --shard I/N, N above 1, and -o write it",
                        given.string(), shard_file_name));
    return folder / shard_file_name;
}

} // namespace

CLI::App* add_merge_command(CLI::App& app, merge_arguments& arguments) {
    CLI::App* command = app.add_subcommand(
        "merge",
        "Make one result and report of the shards of a test (run --shard I/N). Exact: histograms and "
        "counts are added up. A share that is missing is told as not offered, with exit code 5");
    command
        ->add_option("shards", arguments.shards,
                     "result.json of each shard, or its folder: shard.ndjson beside it is read")
        ->required();
    command->add_option("-o,--output", arguments.output, "folder for the files, as of run")->required();
    return command;
}

int write_merged(const shard_merge& all, const std::string& folder, std::vector<std::string> argv) {
    std::optional<timeline> seconds;
    const run_observer tell{
        .started =
            [&](const run_record& record, std::chrono::steady_clock::time_point) {
                remove_results(folder, record);
                seconds.emplace(folder, record);
            },
        .row_closed = [&](const run_record& record, std::size_t target,
                          const latencies& times) { seconds->add(record, target, times); },
    };
    require_folder(folder);
    auto merged = all.finish(tell);
    seconds->close();
    merged.options.argv = std::move(argv);
    const auto judged = judge(merged);
    show("{}{}{}", shards_text(merged), summarize(merged.record), recovery::summary_of(merged.record));
    for (const auto& r : judged.objectives)
        show("  {}\n", text_of(r));
    const std::filesystem::path to(folder);
    write_file(to / shard_file_name, merged.text);
    write_results(to, merged.options.name, merged.record, judged.result);
    return judged.exit_code;
}

int merge_command(const merge_arguments& arguments, std::vector<std::string> argv) {
    shard_merge all;
    for (const auto& given : arguments.shards) {
        const auto path = shard_file_of(given);
        std::error_code code;
        if (std::filesystem::equivalent(path.parent_path().empty() ? "." : path.parent_path(),
                                        arguments.output, code))
            throw std::runtime_error(fmt::format(
                "-o {}: holds the share of a shard, which would be overwritten: give another folder",
                arguments.output));
        all.add(path.string(), read_file(path));
    }
    return write_merged(all, arguments.output, std::move(argv));
}

} // namespace beastmark::loadgen
