#include "loadgen/command_line.hpp"

#include "common/version.hpp"

#include <fmt/format.h>

namespace beastmark::loadgen {

command_line::command_line()
    : app("loadgen offers load to HTTP services, on schedule, and tells what became of it.", "loadgen") {
    app.require_subcommand(1);
    app.footer("Exit codes: 0 ok; 1 could not run; 2 wrong use; 3 an objective missed (doctor: not good for "
               "the rate asked; compare: a regression); 4 not to be believed, or no verdict; 5 shards "
               "missing; 130, 143 interrupted, with a partial report");
    app.set_version_flag("--version", fmt::format("loadgen {} ({})", version(), revision()));
    run_app = add_run_command(app, run);
    capacity_app = add_capacity_command(app, capacity);
    doctor_app = add_doctor_command(app, doctor);
    merge_app = add_merge_command(app, merge);
    compare_app = add_compare_command(app, compare);
    report_app = add_report_command(app, report);
    completion_app = manual::add_completion_command(app, completion);
    man_app = manual::add_man_command(app);
}

void command_line::parse(const std::vector<std::string>& argv) {
    std::vector<const char*> texts;
    texts.reserve(argv.size());
    for (const auto& text : argv)
        texts.push_back(text.c_str());
    app.parse(static_cast<int>(texts.size()), texts.data());
}

CLI::App* command_line::subcommand(const std::string& name) {
    const auto found = app.get_subcommands([&](const CLI::App* each) { return each->get_name() == name; });
    return found.empty() ? nullptr : found.front();
}

} // namespace beastmark::loadgen
