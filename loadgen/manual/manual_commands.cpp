#include "loadgen/manual/manual_commands.hpp"

#include "loadgen/manual/completion.hpp"
#include "loadgen/manual/man_page.hpp"
#include "loadgen/tell.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace beastmark::loadgen::manual {

CLI::App* add_completion_command(CLI::App& app, completion_arguments& a) {
    auto* command = app.add_subcommand(
        "completion", "Print what makes a shell complete loadgen's flags: source <(loadgen completion bash)");
    command->add_option("shell", a.shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
    return command;
}

CLI::App* add_man_command(CLI::App& app) {
    return app.add_subcommand("man", "Print the manual page: loadgen man | man -l -");
}

int completion_command(const completion_arguments& a, const CLI::App& app) {
    show("{}", a.shell == "zsh" ? zsh_completion(app) : bash_completion(app));
    return 0;
}

int man_command(const CLI::App& app) {
    show("{}", man_page(app));
    return 0;
}

} // namespace beastmark::loadgen::manual
