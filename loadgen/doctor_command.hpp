// `loadgen doctor`: what the load generator is good for on this machine.
#pragma once

#include "loadgen/machine_checks.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen {

/// The texts of the command line, before they are checked.
struct doctor_arguments {
    std::string rate;
    std::uint32_t connections = 64;
    std::optional<std::uint32_t> threads;
    std::string duration = "1s";
    std::string json; // a file, or "-"
};

struct doctor_options {
    load_wish wish;
    std::chrono::nanoseconds hold;
    std::string json;
};

/// Adds the subcommand `doctor` to the program's command line; `arguments` must outlive the app.
CLI::App* add_doctor_command(CLI::App& app, doctor_arguments& arguments);

/// Checks and converts. Throws std::invalid_argument with one clear line.
doctor_options check(const doctor_arguments& arguments);

/// Measures, prints what it found. 0; 3 when a rate is asked for and the machine is not good for it; 130 or
/// 143 when interrupted. Throws std::runtime_error with one clear line for what could not be done.
int doctor_command(const doctor_options& options);

} // namespace beastmark::loadgen
