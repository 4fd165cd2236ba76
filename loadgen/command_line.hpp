// The program's command line: every subcommand with its flags, and the texts that were given to them.
#pragma once

#include "loadgen/capacity_command.hpp"
#include "loadgen/doctor_command.hpp"
#include "loadgen/manual/manual_commands.hpp"
#include "loadgen/merge_command.hpp"
#include "loadgen/paired/compare_command.hpp"
#include "loadgen/report_command.hpp"
#include "loadgen/run_arguments.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace beastmark::loadgen {

struct command_line {
    command_line();

    /// As App::parse(argc, argv): throws CLI::ParseError. @param argv with the program's name.
    void parse(const std::vector<std::string>& argv);

    /// Null when there is none of that name.
    [[nodiscard]] CLI::App* subcommand(const std::string& name);

    CLI::App app;
    run_arguments run;
    capacity_arguments capacity;
    doctor_arguments doctor;
    report_arguments report;
    merge_arguments merge;
    paired::compare_arguments compare;
    manual::completion_arguments completion;
    CLI::App* run_app = nullptr;
    CLI::App* capacity_app = nullptr;
    CLI::App* doctor_app = nullptr;
    CLI::App* merge_app = nullptr;
    CLI::App* compare_app = nullptr;
    CLI::App* report_app = nullptr;
    CLI::App* completion_app = nullptr;
    CLI::App* man_app = nullptr;
};

} // namespace beastmark::loadgen
