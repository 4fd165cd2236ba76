#include "tests/contract/programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace beastmark::testing {

namespace {

using json = nlohmann::json;

std::unique_ptr<backends> started;

/// Stops the backends after the last test (a static's destructor could come after what it needs).
class backends_environment : public ::testing::Environment {
public:
    void TearDown() override { started.reset(); }
};

[[maybe_unused]] const auto* registered = ::testing::AddGlobalTestEnvironment(new backends_environment);

/// Empty: a program of this build.
std::vector<std::string> command_under_test() {
    const std::string text = variable("BEASTMARK_CONTRACT_COMMAND");
    if (text.empty())
        return {};
    const std::string kind = variable("BEASTMARK_CONTRACT_KIND");
    if (kind != "get" && kind != "post")
        throw std::runtime_error("BEASTMARK_CONTRACT_KIND has to be get or post, it is \"" + kind + "\"");
    const auto words = json::parse(text, nullptr, false);
    const auto is_word = [](const json& word) { return word.is_string(); };
    if (!words.is_array() || words.empty() || !std::all_of(words.begin(), words.end(), is_word))
        throw std::runtime_error("BEASTMARK_CONTRACT_COMMAND is not a list of words like [\"python3\", "
                                 "\"service.py\"]: " +
                                 text);
    return words.get<std::vector<std::string>>();
}

} // namespace

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

bool is_ours() {
    return variable("BEASTMARK_CONTRACT_COMMAND").empty() && variable("BEASTMARK_CONTRACT_TARGET").empty();
}

target_kind kind_under_test() {
    const bool post =
        is_ours() ? program_under_test() == "ingest" : variable("BEASTMARK_CONTRACT_KIND") == "post";
    return post ? target_kind::post : target_kind::get;
}

backends& the_backends() {
    if (!started) {
        auto fresh = std::make_unique<backends>();
        const auto finished = run({.arguments = {built_program("ingest"), "--init-schema", "--postgres",
                                                 fresh->postgres.connection_string()}});
        if (finished.status != exit_status{0, 0})
            throw std::runtime_error("ingest --init-schema: " + finished.err);
        started = std::move(fresh);
    }
    return *started;
}

std::string program_under_test() {
    const std::string name = variable("BEASTMARK_CONTRACT_PROGRAM");
    return name.empty() ? "baseline" : name;
}

void expect_started_here() {
    if (!variable("BEASTMARK_CONTRACT_TARGET").empty())
        throw std::runtime_error(
            "BEASTMARK_CONTRACT_TARGET is for contract_test only: this suite starts and stops "
            "what it tests, give it BEASTMARK_CONTRACT_COMMAND");
}

service_options options_under_test(std::vector<std::string> arguments) {
    expect_started_here();
    auto command = command_under_test();
    if (posts()) {
        auto& behind = the_backends();
        // Ours take either form; others need to know the URI only, and have a default of their own for
        // --pool.
        const bool own = command.empty();
        arguments.insert(arguments.end(),
                         {"--postgres", own ? behind.postgres.connection_string() : behind.postgres.uri(),
                          "--memcached", behind.memcached.address()});
        if (!own)
            arguments.insert(arguments.end(), {"--pool", "8"});
    }
    const std::string name = command.empty() ? program_under_test() : command.front();
    // An interpreter needs seconds, and longer beside other work.
    return {.program = name, .arguments = std::move(arguments), .command = std::move(command), .start = 60s};
}

} // namespace beastmark::testing
