// What is made of the flags: the manual page, completion, the table in README.md.
#include "loadgen/command_line.hpp"
#include "loadgen/manual/completion.hpp"
#include "loadgen/manual/flag_table.hpp"
#include "loadgen/manual/flags.hpp"
#include "loadgen/manual/man_page.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace beastmark::loadgen::manual {
namespace {

using beastmark::testing::run;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A shell's stdout, of a script beside which the completion lies as ./completion.
std::string said(const std::string& shell, const std::string& completion, const std::string& script) {
    const beastmark::testing::temporary_directory folder;
    std::ofstream(folder.path() / "completion") << completion;
    std::vector<std::string> arguments{shell};
    if (shell == "zsh")
        arguments.emplace_back("-f");
    arguments.insert(arguments.end(), {"-c", script});
    const auto ended = run({.arguments = arguments, .directory = folder.path().string()});
    EXPECT_EQ(ended.status.code, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    return ended.out;
}

TEST(manual_page, has_every_flag_of_every_subcommand) {
    const command_line line;
    const auto page = man_page(line.app);
    for (const auto& one : subcommands_of(line.app)) {
        EXPECT_THAT(page, HasSubstr("\\fBloadgen " + one.name));
        for (const auto& f : one.flags) {
            const auto& name = f.names.back();
            const bool plain = name.find('-', 2) == std::string::npos; // nothing else to escape
            EXPECT_THAT(page, HasSubstr(f.positional ? name
                                        : plain      ? "\\fB\\-\\-" + name.substr(2) + "\\fR"
                                                     : "\\-\\-" + name.substr(2, name.find('-', 2) - 2)));
        }
    }
    EXPECT_THAT(page, HasSubstr("\\-\\-stop\\-when"));
    EXPECT_THAT(page, HasSubstr("uniform|poisson"));
    EXPECT_THAT(page, HasSubstr("[10ms]"));
    EXPECT_THAT(page, HasSubstr("LOADGEN_STOP_WHEN"));
    EXPECT_THAT(page, HasSubstr("5 shards missing"));
}

TEST(manual_page, is_what_groff_understands) {
    if (run({.arguments = {"bash", "-c", "command -v groff"}}).status.code != 0)
        GTEST_SKIP() << "no groff here: ./bench setup installs groff-base";
    const command_line line;
    const beastmark::testing::temporary_directory folder;
    std::ofstream(folder.path() / "page") << man_page(line.app);
    const auto ended =
        run({.arguments = {"groff", "-man", "-Tascii", "-ww", "page"}, .directory = folder.path().string()});
    EXPECT_EQ(ended.status.code, 0);
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(ended.out, HasSubstr("loadgen - offers load to HTTP services"));
}

std::string completed_by_bash(const std::string& words) {
    const command_line line;
    return said("bash", bash_completion(line.app),
                "source ./completion; COMP_WORDS=(" + words +
                    "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _loadgen; echo \"${COMPREPLY[*]}\"");
}

TEST(bash_completion_script, completes_subcommands_flags_and_values) {
    EXPECT_EQ(completed_by_bash("loadgen ca"), "capacity\n");
    EXPECT_EQ(completed_by_bash("loadgen run --arr"), "--arrivals\n");
    EXPECT_EQ(completed_by_bash("loadgen run --arrivals p"), "poisson\n");
    EXPECT_EQ(completed_by_bash("loadgen run --arrivals ''"), "uniform poisson\n");
    EXPECT_EQ(completed_by_bash("loadgen run --arrivals = p"), "poisson\n");
    EXPECT_EQ(completed_by_bash("loadgen run --on-late s"), "send skip\n");
    EXPECT_EQ(completed_by_bash("loadgen completion z"), "zsh\n");
    EXPECT_EQ(completed_by_bash("loadgen capacity --pr"), "--probe-duration --precision --print-config\n");
    EXPECT_EQ(completed_by_bash("loadgen run --config -"), "\n") << "a file: left to bash";
}

TEST(zsh_completion_script, is_understood_and_describes_flags) {
    if (run({.arguments = {"bash", "-c", "command -v zsh"}}).status.code != 0)
        GTEST_SKIP() << "no zsh here: ./bench setup installs it";
    const command_line line;
    const auto script = zsh_completion(line.app);
    const std::string stubs = "_arguments() { print -rl -- \"$@\" }; _describe() { print -rl -- $commands }; "
                              "compdef() { }; source ./completion; ";
    EXPECT_THAT(said("zsh", script, stubs + "words=(loadgen ''); CURRENT=2; _loadgen"),
                HasSubstr("capacity:Find"));
    const auto run_flags = said("zsh", script, stubs + "words=(loadgen run ''); CURRENT=3; _loadgen");
    EXPECT_THAT(run_flags, HasSubstr("(-R --rate)--rate[requests per second"));
    EXPECT_THAT(run_flags, HasSubstr(":value:(uniform poisson)"));
    EXPECT_THAT(run_flags, HasSubstr("*--stage[DUR\\:RATE hold"));
    EXPECT_THAT(run_flags, Not(HasSubstr("--precision")));
}

TEST(flag_table, has_flags_defaults_and_effects) {
    const command_line line;
    const auto table = flag_table(line.app, "run");
    EXPECT_THAT(table, HasSubstr("| `-c` `--connections` | `64` | connections to each target"));
    EXPECT_THAT(table, HasSubstr("p99&lt;50ms"));
    EXPECT_THAT(table, Not(HasSubstr("--precision")));
}

// Whoever changes a flag makes it anew: BEASTMARK_WRITE_TABLES=1 with this test.
TEST(flag_table, of_the_readme_is_that_of_the_program) {
    const std::string path = BEASTMARK_SOURCE_DIR "/README.md";
    const std::string begin = "<!-- flags of loadgen run -->\n";
    const std::string end = "<!-- end of flags -->\n";
    auto readme = content_of(path);
    const auto from = readme.find(begin);
    const auto to = readme.find(end);
    ASSERT_LT(from, to);
    ASSERT_NE(to, std::string::npos);
    const command_line line;
    const auto table = "\n" + flag_table(line.app, "run") + "\n";
    const auto start = from + begin.size();
    if (std::getenv("BEASTMARK_WRITE_TABLES") != nullptr) {
        readme.replace(start, to - start, table);
        std::ofstream(path) << readme;
        return;
    }
    EXPECT_EQ(readme.substr(start, to - start), table)
        << "README.md's table of flags is stale: run BEASTMARK_WRITE_TABLES=1 "
           "build/release/tests/loadgen_manual_test --gtest_filter='flag_table.*'";
}

} // namespace
} // namespace beastmark::loadgen::manual
