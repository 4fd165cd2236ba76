// loadgen: offers load to HTTP services, on schedule, and tells what became of it.
#include "common/version.hpp"
#include "loadgen/capacity_command.hpp"
#include "loadgen/doctor_command.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/merge_command.hpp"
#include "loadgen/paired/compare_command.hpp"
#include "loadgen/report_command.hpp"
#include "loadgen/run_arguments.hpp"
#include "loadgen/run_command.hpp"
#include "loadgen/shard_group.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace exits = beastmark::loadgen::exits;

// Help and version go to stdout with 0, a mistake to stderr as one line.
int parse_end(const CLI::App& app, const CLI::ParseError& end) {
    if (end.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        return app.exit(end);
    fmt::print(stderr, "loadgen: {} (see loadgen --help)\n", end.what());
    return exits::wrong_use;
}

} // namespace

int main(int argc, char** argv) {
    using namespace beastmark::loadgen;
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("loadgen offers load to HTTP services, on schedule, and tells what became of it.",
                 "loadgen");
    app.require_subcommand(1);
    app.footer("Exit codes: 0 ok; 1 could not run; 2 wrong use; 3 an objective missed (doctor: not good for "
               "the rate asked; compare: a regression); 4 not to be believed; 5 shards missing; 130, 143 "
               "interrupted, with a partial report");
    app.set_version_flag("--version",
                         fmt::format("loadgen {} ({})", beastmark::version(), beastmark::revision()));
    run_arguments run;
    capacity_arguments capacity;
    doctor_arguments doctor;
    report_arguments report;
    merge_arguments merge;
    paired::compare_arguments compare;
    auto* const run_app = add_run_command(app, run);
    auto* const capacity_app = add_capacity_command(app, capacity);
    auto* const doctor_app = add_doctor_command(app, doctor);
    auto* const merge_app = add_merge_command(app, merge);
    auto* const compare_app = add_compare_command(app, compare);
    add_report_command(app, report);
    try {
        app.parse(argc, argv);
        if (run_app->parsed())
            return run_command(check(run, {argv, argv + argc}));
        if (capacity_app->parsed())
            return capacity_command(check(capacity, {argv, argv + argc}));
        if (doctor_app->parsed())
            return doctor_command(check(doctor));
        if (merge_app->parsed())
            return merge_command(merge, {argv, argv + argc});
        if (compare_app->parsed())
            return run_compare(compare);
        return run_report(report);
    } catch (const CLI::ParseError& end) {
        return parse_end(app, end);
    } catch (const std::invalid_argument& wrong) {
        fmt::print(stderr, "loadgen: {}\n", wrong.what());
        return exits::wrong_use;
    } catch (const shards_missing& failure) {
        fmt::print(stderr, "loadgen: {}\n", failure.what());
        return exits::shards_missing;
    } catch (const std::exception& failure) {
        fmt::print(stderr, "loadgen: {}\n", failure.what());
        return exits::could_not_run;
    }
}
