// `loadgen man` and `loadgen completion SHELL`: what is made of the flags themselves, and so is never stale.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::manual {

struct completion_arguments {
    std::string shell;
};

/// Add the subcommands to the program's command line; `arguments` must outlive the app.
CLI::App* add_completion_command(CLI::App& app, completion_arguments& arguments);
CLI::App* add_man_command(CLI::App& app);

/// Print the script of a shell, or the manual page of `app`, on stdout. Return the exit code.
int completion_command(const completion_arguments& arguments, const CLI::App& app);
int man_command(const CLI::App& app);

} // namespace beastmark::loadgen::manual
