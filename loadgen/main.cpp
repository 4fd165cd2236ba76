// loadgen: offers load to HTTP services, on schedule, and tells what became of it.
#include "loadgen/command_line.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/run_command.hpp"
#include "loadgen/settings/config_file.hpp"
#include "loadgen/settings/settled.hpp"
#include "loadgen/shard_group.hpp"
#include "loadgen/tell.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace beastmark::loadgen;

// Help and version go to stdout with 0, a mistake to stderr as one line.
int parse_end(const CLI::App& app, const CLI::ParseError& end, const std::string& where) {
    if (end.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        return app.exit(end);
    tell("loadgen: {}{} (see loadgen --help)\n", end.what(), where);
    return exits::wrong_use;
}

// What is checked is what would run, so that a wrong option is not printed either.
int print_config(const CLI::App& command) {
    show("{}", settings::config_text(command));
    return 0;
}

int perform(command_line& line, const std::vector<std::string>& argv) {
    if (line.run_app->parsed()) {
        const auto options = check(line.run, argv);
        return line.run.sources.print_config ? print_config(*line.run_app) : run_command(options);
    }
    if (line.capacity_app->parsed()) {
        const auto options = check(line.capacity, argv);
        return line.capacity.load.sources.print_config ? print_config(*line.capacity_app)
                                                       : capacity_command(options);
    }
    if (line.doctor_app->parsed())
        return doctor_command(check(line.doctor));
    if (line.merge_app->parsed())
        return merge_command(line.merge, argv);
    if (line.compare_app->parsed())
        return run_compare(line.compare);
    if (line.completion_app->parsed())
        return manual::completion_command(line.completion, line.app);
    if (line.man_app->parsed())
        return manual::man_command(line.app);
    return run_report(line.report);
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    command_line line;
    settings::settled_arguments given;
    const auto where = [&](const std::exception& problem) {
        return settings::where_of(problem.what(), given.from);
    };
    try {
        given = settings::settle({argv, argv + argc});
        line.parse(given.argv);
        if (!given.note.empty())
            tell("{}\n", given.note);
        const int code = perform(line, given.argv);
        if (shown_all())
            return code;
        tell("loadgen: cannot write all of it to stdout\n");
        return code != 0 ? code : exits::could_not_run;
    } catch (const CLI::ParseError& end) {
        return parse_end(line.app, end, where(end));
    } catch (const std::invalid_argument& wrong) {
        tell("loadgen: {}{}\n", wrong.what(), where(wrong));
        return exits::wrong_use;
    } catch (const shards_missing& failure) {
        tell("loadgen: {}\n", failure.what());
        return exits::shards_missing;
    } catch (const std::exception& failure) {
        tell("loadgen: {}\n", failure.what());
        return exits::could_not_run;
    }
}
